// node report_page_test.mjs MODULES CHROMIUM QUENCHED: the page of `quenched report` in a browser.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [modules, executablePath, quenched] = process.argv.slice(2)
const { chromium } = createRequire(join(modules, 'package.json'))('playwright-core')
const folder = mkdtempSync(join(tmpdir(), 'quenched-test-'))
const attack = '</script><script>window.ran = 1</script><img src=x onerror="window.ran = 1"><b>'

const point = (command, activation, alpha, test_error, verdict, more = {}) => ({
  task: 'spiked',
  length: 2,
  signal: 2,
  noise: 0,
  alpha,
  activation,
  ridge_k: 0.5,
  ridge_v: 0.5,
  test_error,
  order_parameters: { m_k: alpha / 10 },
  uncertainty: { test_error: 0.0123 },
  ...(verdict
    ? { certificate: { verdict, advice: 'Raise the ridge.', stability_eigenvalue: 1.5 - alpha / 4 } }
    : {}),
  command,
  ...more,
})
const curves = [
  ...[1, 2, 3, 4].map((alpha) =>
    point('erm', 'softmax', alpha, 1 / alpha, alpha < 3 ? 'unstable' : 'trusted'),
  ),
  ...[1, 2, 4].map((alpha) => point('erm', 'linear', alpha, 2 / alpha, 'trusted')),
  point('erm', 'linear', 3, null, 'trusted'),
  point('simulate', 'softmax', 3, 0.4, '', { seeds: 4, seeds_converged: 4, dimension: 100 }),
  point('erm', attack, 2, 0.8, 'trusted', {
    remark: attack,
    certificate: { verdict: attack, advice: attack },
    provenance: { arguments: attack },
  }),
]
const map = [1, 2].flatMap((signal) => [
  ...[1, 4].map((alpha) => ({
    signal,
    kind: 'fixed_point',
    alpha,
    branch: 'informed',
    test_error: signal / 4,
    free_entropy: 1,
    command: 'phase',
  })),
  {
    signal,
    kind: 'alpha_IT',
    alpha: 2,
    uncertainty: 0.01,
    command: 'phase',
    certificate: { verdict: 'trusted' },
  },
])

function report(name, records) {
  writeFileSync(join(folder, name + '.json'), JSON.stringify(records))
  execFileSync(quenched, ['report', join(folder, name + '.json'), '--output', join(folder, name + '.html')])
  return 'file://' + join(folder, name + '.html')
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })

/** Opens a page that must ask for nothing but itself and complain of nothing. */
async function open(url, options) {
  const page = await browser.newPage(options)
  page.troubles = []
  page.on('console', (message) => page.troubles.push(message.text()))
  page.on('pageerror', (error) => page.troubles.push(error.stack))
  page.on(
    'request',
    (request) =>
      request.url() === url || request.url().startsWith('data:') || page.troubles.push(request.url()),
  )
  await page.goto(url)
  await page.waitForFunction(() => document.querySelector('#chart .xtick'))
  return page
}

/** Where the chart in `id` shows these coordinates. */
const place = (page, id, x, y) =>
  page.evaluate(
    ([id, x, y]) => {
      const chart = document.getElementById(id),
        box = chart.getBoundingClientRect(),
        { xaxis, yaxis } = chart._fullLayout
      return [box.left + xaxis._offset + xaxis.d2p(x), box.top + yaxis._offset + yaxis.d2p(y)]
    },
    [id, x, y],
  )

/** Points there; the tip must come to say `expected`. */
async function hover(page, id, x, y, ...expected) {
  await page.locator('#' + id).scrollIntoViewIfNeeded()
  const [left, top] = await place(page, id, x, y)
  await page.mouse.move(left - 30, top - 30)
  await page.mouse.move(left, top)
  const says = (parts) => {
    const tip = document.getElementById('tip')
    return !tip.hidden && parts.every((part) => tip.innerText.includes(part))
  }
  await page
    .waitForFunction(says, expected, { timeout: 5000 })
    .catch(async () => assert.fail(`${expected} in ${await text(page, 'tip')}`))
}

const text = (page, id) => page.locator('#' + id).innerText()

const beyond = [1, 2, 3].map((alpha) =>
  point('erm', 'softmax', alpha, 1 / alpha, alpha < 3 ? 'marginal' : 'trusted', {
    broken: alpha < 3,
    ...(alpha < 3 ? { replica_symmetric: { test_error: 2 / alpha } } : {}),
  }),
)

try {
  const url = report('curves', curves)
  const page = await open(url, { colorScheme: 'light' })
  const doubts = await text(page, 'doubts')
  assert.match(doubts, /3 of 10 points are not to be trusted/)
  assert.match(doubts, /2 unstable: the stability eigenvalue is above 1[^]*Raise the ridge\./)

  await hover(page, 'chart', 1, 1, 'softmax', 'α = 1', '1.00(2)', 'm_k', 'unstable', 'Raise the ridge.')
  await hover(page, 'chart', 3, 0.4, '0.40(2)', 'standard errors over 4 seeds')
  await page.mouse.down()
  await page.mouse.up()
  assert.match(
    await text(page, 'chosen'),
    /quenched simulate --task spiked --length 2 --signal 2 --noise 0 --alpha 3 --activation softmax --ridge 0.5 --dimension 100 --seeds 4/,
  )

  assert.match(await text(page, 'count'), /10 of 10/)
  const lines = () => page.evaluate(() => document.getElementById('chart').data.length)
  const before = await lines()
  await page.getByLabel('linear', { exact: true }).uncheck()
  assert.match(await text(page, 'count'), /6 of 10/)
  assert.equal(await page.locator('#table tbody tr').count(), 6)
  assert.ok(!(await text(page, 'legend')).includes('linear'))
  assert.ok((await lines()) < before)
  await page.getByLabel('linear', { exact: true }).check()
  assert.equal(await lines(), before)

  await page.locator('#y').selectOption('order_parameters.m_k')
  await hover(page, 'chart', 4, 0.4, 'α = 4')
  for (let clicks = 0; clicks < 2; ++clicks) await page.locator('th button', { hasText: 'α' }).click()
  assert.match(await page.locator('#table tbody tr').first().innerText(), /erm\s+4\s+/)

  await page.locator('#table tbody tr', { hasText: '</script>' }).click()
  const chosen = await text(page, 'chosen')
  assert.ok(chosen.includes("--activation '" + attack + "'"))
  assert.ok(
    await page.evaluate(
      () =>
        window.ran === undefined &&
        !document.querySelector('#chosen img, #legend img, #doubts b b, #table b'),
    ),
  )
  assert.equal(await page.locator('script').count(), 2)

  const becomes = (back, ink) =>
    page.waitForFunction(
      ([back, ink]) =>
        getComputedStyle(document.body).backgroundColor === back &&
        document.getElementById('chart')._fullLayout.font.color === ink,
      [back, ink],
      { timeout: 5000 },
    )
  const light = ['rgb(255, 255, 255)', '#16181d'],
    dark = ['rgb(21, 23, 27)', '#e8eaee']
  await becomes(...light)
  await page.emulateMedia({ colorScheme: 'dark' })
  await becomes(...dark)
  await page.getByRole('button', { name: 'Theme' }).click()
  await becomes(...light)
  assert.deepEqual(page.troubles, [])

  const narrow = await open(url, { viewport: { width: 390, height: 800 } })
  assert.ok(await narrow.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
  await hover(narrow, 'chart', 1, 1, 'unstable')
  assert.deepEqual(narrow.troubles, [])

  const split = await open(report('beyond', beyond), { colorScheme: 'light' })
  assert.match(await text(split, 'key'), /dash-dotted: beyond replica symmetry; thin dashes: what replica symmetry says/)
  const thin = await split.evaluate(() =>
    document.getElementById('chart').data.filter(({ line }) => line?.dash === '6px,5px').map(({ x, y }) => [x, y]),
  )
  assert.deepEqual(thin, [
    [
      [null, 1, 2, 3],
      [null, 2, 1, 1 / 3],
    ],
  ])
  assert.deepEqual(split.troubles, [])

  const diagram = await open(report('map', map), { colorScheme: 'dark' })
  await hover(diagram, 'diagram', 1, 3, 'test error', '0.25')
  await hover(diagram, 'diagram', 2, 2, 'α_IT', '2.00(1)', 'trusted')
  assert.deepEqual(diagram.troubles, [])
} finally {
  await browser.close()
  rmSync(folder, { recursive: true })
}
