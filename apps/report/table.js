import {
  data,
  element,
  errorOf,
  isTrusted,
  sameRidges,
  symbolOf,
  titleOf,
  valueOf,
  verdictOf,
  withUncertainty,
} from './data.js'

const first_rows = 200
const varies = (name) =>
  !(name === 'ridge_v' && sameRidges) &&
  new Set(
    data.records.map((record) => JSON.stringify(valueOf(record, name))).filter((text) => text !== undefined),
  ).size > 1

/** A name for what a record is about. */
export const nameOf = (record) => (record.threshold ? record.values.kind : record.values.command)

function columns(y) {
  const wanted = new Set([
    ...data.parameters.map((p) => p.name).filter(varies),
    y,
    'certificate.stability_eigenvalue',
  ])
  return [
    { title: 'record', text: nameOf, key: nameOf },
    ...[...wanted]
      .filter((name) => data.records.some((record) => valueOf(record, name) !== undefined))
      .map((name) => ({
        title: name === y ? titleOf(name) : symbolOf(name),
        text: (record) => withUncertainty(valueOf(record, name), errorOf(record, name)),
        key: (record) => valueOf(record, name),
      })),
    { title: 'verdict', text: verdictOf, key: verdictOf },
  ]
}

const order = (a, b) =>
  typeof a === 'number' && typeof b === 'number'
    ? a - b
    : a === undefined || a === null
      ? 1
      : b === undefined || b === null
        ? -1
        : String(a).localeCompare(String(b))

/** The records of the filters; a head sorts, a row shows its record. */
export function drawTable(records, state, hooks) {
  const list = columns(state.y),
    [head, body] = document.getElementById('table').children
  const sort = (title) => () => {
    state.sort = { title, down: state.sort?.title === title && !state.sort.down }
    hooks.draw()
  }
  head.replaceChildren(
    element(
      'tr',
      {},
      ...list.map(({ title }) =>
        element(
          'th',
          {
            'aria-sort':
              state.sort?.title === title ? (state.sort.down ? 'descending' : 'ascending') : 'none',
          },
          element('button', { type: 'button', onclick: sort(title) }, title),
        ),
      ),
    ),
  )
  const by = list.find(({ title }) => title === state.sort?.title)
  const sorted = by
    ? [...records].sort((a, b) => order(by.key(a), by.key(b)) * (state.sort.down ? -1 : 1))
    : records
  const shown = state.all ? sorted : sorted.slice(0, first_rows)
  body.replaceChildren(
    ...shown.map((record) => {
      const choose = () => hooks.choose(record, nameOf(record))
      return element(
        'tr',
        { class: isTrusted(record) ? '' : 'bad', onclick: choose },
        ...list.map(({ text }, i) =>
          i
            ? element('td', {}, text(record))
            : element('td', {}, element('button', { type: 'button', class: 'link' }, text(record))),
        ),
      )
    }),
  )
  const more = document.getElementById('more')
  more.hidden = shown.length === sorted.length
  more.textContent = `Show all ${sorted.length}`
}
