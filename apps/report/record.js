import {
  data,
  element,
  errorOf,
  isSimulated,
  isTrusted,
  meaningOf,
  sameRidges,
  symbolOf,
  valueOf,
  verdictOf,
  withUncertainty,
} from './data.js'

const tip = document.getElementById('tip')
const number = (record, name) => withUncertainty(valueOf(record, name), errorOf(record, name))

/** The given parameters, one line. */
export const pointOf = (record) =>
  data.parameters
    .filter(({ name }) => record.values[name] !== undefined)
    .filter(({ name }) => !(sameRidges && name === 'ridge_v'))
    .map(({ name }) => `${symbolOf(name)} = ${number(record, name)}`)
    .join(', ')

/** Pairs of name and text for what was computed. */
function results(record) {
  const list = []
  for (const name of ['test_error', 'train_error', 'sign_error', 'energy', 'free_entropy', 'risk'])
    if (record.values[name] !== undefined) list.push([name.replace('_', ' '), number(record, name)])
  for (const name of Object.keys(record.values.order_parameters ?? {}))
    list.push([name, number(record, 'order_parameters.' + name)])
  return list
}

const doubt = (record) => {
  const { seeds, seeds_converged: converged } = record.values
  return converged !== undefined && converged !== seeds ? `${converged} of ${seeds} seeds converged` : ''
}

/** The verdict, its meaning and the advice; what a simulation has instead. */
function certificate(record) {
  const own = record.values.certificate,
    lines = []
  if (own?.verdict)
    lines.push(
      element(
        'p',
        { class: isTrusted(record) ? 'good' : 'bad' },
        element('b', {}, own.verdict),
        `: ${meaningOf(own.verdict)}`,
      ),
    )
  if (own?.advice && own.verdict !== 'trusted') lines.push(element('p', {}, own.advice))
  if (record.values.branch) lines.push(element('p', {}, `branch: ${record.values.branch}`))
  if (isSimulated(record))
    lines.push(
      element(
        'p',
        { class: doubt(record) ? 'bad' : '' },
        doubt(record) || `standard errors over ${record.values.seeds} seeds`,
      ),
    )
  return lines
}

const rows = (pairs) =>
  element('dl', {}, ...pairs.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]))

/** Beside the pointer. `extra` goes first: pairs of name and text. */
export function showTip(event, title, record, extra = []) {
  const stability = record && valueOf(record, 'certificate.stability_eigenvalue')
  tip.replaceChildren(element('h3', {}, title))
  if (record) tip.append(element('p', { class: 'point' }, pointOf(record)))
  tip.append(
    rows([
      ...extra,
      ...(record ? results(record) : []),
      ...(typeof stability === 'number'
        ? [['stability eigenvalue', number(record, 'certificate.stability_eigenvalue')]]
        : []),
    ]),
  )
  if (record)
    tip.append(
      ...certificate(record),
      element('p', { class: 'note' }, 'Click for the whole record and its command.'),
    )
  tip.hidden = false
  const { clientX: x = 0, clientY: y = 0 } = event ?? {}
  const { width, height } = tip.getBoundingClientRect()
  tip.style.left = `${Math.max(4, x + 16 + width > innerWidth ? x - width - 12 : x + 16)}px`
  tip.style.top = `${Math.max(4, Math.min(y + 12, innerHeight - height - 4))}px`
}

export const hideTip = () => {
  tip.hidden = true
}

function copyButton(text) {
  return element(
    'button',
    {
      type: 'button',
      onclick: async (event) => {
        try {
          await navigator.clipboard.writeText(text)
          event.target.textContent = 'Copied'
        } catch {
          // not allowed here: select it for the reader
          getSelection().selectAllChildren(event.target.previousSibling)
        }
      },
    },
    'Copy',
  )
}

/** The whole record below the chart, with the commands that give it again. */
export function showRecord(record, title) {
  hideTip()
  const source = data.sources[record.source],
    box = document.getElementById('chosen')
  box.hidden = false
  box.replaceChildren(
    element('h2', {}, title),
    element('p', {}, pointOf(record)),
    ...certificate(record),
    rows(results(record)),
  )
  if (source.again)
    box.append(
      element('h3', {}, 'This point again, alone'),
      element('div', { class: 'command' }, element('code', {}, source.again), copyButton(source.again)),
      element(
        'p',
        { class: 'note' },
        source.noted
          ? 'On a curve a point starts from its neighbour: alone it agrees within the uncertainty.'
          : 'The file does not hold the settings, such as --tolerance: these are the defaults.',
      ),
    )
  if (source.noted)
    box.append(
      element('h3', {}, 'What was typed, or the settings of the sweep'),
      element('div', { class: 'command' }, element('code', {}, source.noted)),
    )
  box.append(
    element(
      'details',
      {},
      element('summary', {}, 'The record'),
      element('pre', {}, JSON.stringify(record.values, null, 2)),
    ),
  )
  box.scrollIntoView({ block: 'nearest', behavior: 'smooth' })
}
