import { data, element, isTrusted, meaningOf, numberOf, titleOf, verdictOf } from './data.js'
import { drawCurves } from './curves.js'
import { drawDiagram } from './diagram.js'
import { makeFilters } from './filters.js'
import { hideTip, showRecord, showTip } from './record.js'
import { drawTable } from './table.js'

const at = (id) => document.getElementById(id)
const state = { x: data.x, y: data.y, hidden: new Set(), sort: null, all: false }

const finite = (name) => data.records.some((record) => Number.isFinite(numberOf(record, name)))

function fillSelect(id, names) {
  const select = at(id)
  if (!names.includes(state[id])) state[id] = names[0]
  for (const name of names)
    select.append(element('option', { value: name, selected: name === state[id] && '' }, titleOf(name)))
  select.addEventListener('change', () => {
    state[id] = select.value
    chooseScales()
    draw()
  })
}

/** A quantity that decays, or abscissas that grow by a factor, take a logarithmic axis until told otherwise. */
function chooseScales() {
  const shown = data.records.filter(filters.passes)
  const drawn = shown.filter((record) => Number.isFinite(numberOf(record, state.x)))
  const y = drawn.map((record) => numberOf(record, state.y)).filter(Number.isFinite)
  const x = [...new Set(drawn.map((record) => numberOf(record, state.x)))].sort((a, b) => a - b)
  const n = x.length
  at('log-y').checked = Math.min(...y) > 0 && Math.max(...y) > 30 * Math.min(...y)
  at('log-x').checked = n > 2 && x[0] > 0 && x[n - 1] > 10 * x[0] && x[n - 1] - x[n - 2] > 5 * (x[1] - x[0])
}

function draw() {
  hideTip()
  const shown = data.records.filter(filters.passes)
  drawCurves(
    at('chart'),
    { ...state, shown: new Set(shown), logX: at('log-x').checked, logY: at('log-y').checked },
    hooks,
  )
  drawTable(shown, state, hooks)
  at('count').textContent = `${shown.length} of ${data.records.length} shown.`
}

const hooks = { tip: showTip, leave: hideTip, choose: showRecord, draw }

/** Says what is not to be trusted, and why. */
function explainDoubts() {
  const doubted = data.records.filter((record) => !isTrusted(record))
  if (!doubted.length) return
  const groups = new Map()
  for (const record of doubted) {
    if (!groups.has(verdictOf(record))) groups.set(verdictOf(record), [])
    groups.get(verdictOf(record)).push(record)
  }
  const box = at('doubts')
  box.hidden = false
  box.append(element('h2', {}, `${doubted.length} of ${data.records.length} points are not to be trusted`))
  for (const [verdict, records] of groups) {
    const advice = [...new Set(records.map((record) => record.values.certificate?.advice).filter(Boolean))]
    const unstable = records[0].values.branch === 'unstable'
    box.append(
      element(
        'p',
        {},
        element(
          'b',
          {},
          `${records.length} ${verdict || (unstable ? 'on an unstable branch' : 'simulations')}`,
        ),
        `: ${meaningOf(verdict) || (unstable ? 'fixed points between the stable branches, which no algorithm reaches' : 'not every seed converged')}. `,
        element('i', {}, advice.join(' ')),
      ),
    )
  }
}

function setTheme() {
  const button = at('theme'),
    order = ['auto', 'light', 'dark']
  button.addEventListener('click', () => {
    const next = order[(order.indexOf(document.documentElement.dataset.theme ?? 'auto') + 1) % 3]
    document.documentElement.dataset.theme = next
    button.textContent = `Theme: ${next}`
    redraw()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
}

function redraw() {
  draw()
  if (data.diagram) drawDiagram(at('diagram'), hooks)
}

function save() {
  const shown = [...new Set(data.records.filter(filters.passes))].map((record) => record.values)
  const link = element('a', {
    download: 'records.json',
    href: URL.createObjectURL(new Blob([JSON.stringify(shown, null, 2)])),
  })
  link.click()
}

const filters = makeFilters(at('filters'), draw)
at('summary').textContent = `${data.files.join(', ')} · ${data.records.length} records · ${data.program}`
document.title = `${data.files.join(', ')} – quenched report`
fillSelect('x', Object.keys(data.curves))
fillSelect('y', data.quantities.map((q) => q.name).filter(finite))
chooseScales()
for (const id of ['log-x', 'log-y']) at(id).addEventListener('change', draw)
at('more').addEventListener('click', () => {
  state.all = true
  draw()
})
at('save').addEventListener('click', save)
if (matchMedia('(max-width: 700px)').matches) at('filter-box').open = false
at('map').hidden = !data.diagram
explainDoubts()
setTheme()
redraw()
