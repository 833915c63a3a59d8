import { data, element, errorOf, isTrusted, numberOf, titleOf } from './data.js'
import { axis, axisOf, colour, coloursOf, plain, show } from './plot.js'

const eigenvalue = 'certificate.stability_eigenvalue'
const styles = { trusted: 'solid', doubted: 'dash', broken: 'longdashdot' }
const no_hover = { hoverinfo: 'skip' }
const width = 2
const most_names = 6
const extent = (values) => (values.length ? [Math.min(...values), Math.max(...values)] : [1, 10])

/** A segment is beyond replica symmetry when one of its ends is, else trusted when both are. */
const styleOf = (a, b) =>
  a.record.values.broken || b.record.values.broken
    ? 'broken'
    : isTrusted(a.record) && isTrusted(b.record)
      ? 'trusted'
      : 'doubted'

/** What replica symmetry says where the record is beyond it; else what the record says. */
const symmetricOf = (record, name) => numberOf(record, record.values.broken ? `replica_symmetric.${name}` : name)

/** Those of the state's filters on this curve with a finite y, once each: the Bayes risk comes with every activation. */
function pointsOf(curve, { x, shown }, name, logX, logY) {
  const seen = new Set()
  return curve.records
    .map((i) => data.records[i])
    .filter((record) => shown.has(record))
    .map((record) => ({
      record,
      curve,
      x: numberOf(record, x),
      y: numberOf(record, name),
      error: errorOf(record, name),
      symmetric: symmetricOf(record, name),
    }))
    .filter((p) => Number.isFinite(p.y) && (!logY || p.y > 0) && (!logX || p.x > 0))
    .filter((p) => !seen.has(`${p.x} ${p.y}`) && seen.add(`${p.x} ${p.y}`))
}

/** Runs of segments of one style, a gap between runs. */
function run(points, style) {
  const line = { x: [], y: [] }
  let open = false
  for (let i = 0; i + 1 < points.length; ++i) {
    const [a, b] = [points[i], points[i + 1]],
      wanted = styleOf(a, b) === style
    if (wanted && !open) {
      line.x.push(null, a.x)
      line.y.push(null, a.y)
    }
    if (wanted) {
      line.x.push(b.x)
      line.y.push(b.y)
    }
    open = wanted
  }
  return line
}

/** A line of theory. */
const traceOf = (run, yaxis, line) => ({ ...run, yaxis, mode: 'lines', connectgaps: false, line, ...no_hover })

function lines(points, ink, yaxis) {
  return Object.entries(styles)
    .map(([style, dash]) => traceOf(run(points, style), yaxis, { color: ink, dash, width }))
    .filter((trace) => trace.x.length)
}

/** What replica symmetry says beyond itself, in thin dashes. */
function symmetricLine(points, ink) {
  const known = points.filter((p) => Number.isFinite(p.symmetric)).map((p) => ({ ...p, y: p.symmetric }))
  return [traceOf(run(known, 'broken'), 'y', { color: ink, dash: '6px,5px', width: 1 })].filter(
    (trace) => trace.x.length,
  )
}

/** Where the error is large enough to be seen. */
function band(points, ink, span) {
  if (!points.some((p) => p.error > 0.005 * span)) return []
  const known = points.filter((p) => Number.isFinite(p.error)),
    back = [...known].reverse()
  return [
    {
      x: [...known, ...back].map((p) => p.x),
      y: [...known.map((p) => p.y - p.error), ...back.map((p) => p.y + p.error)],
      mode: 'lines',
      line: { width: 0 },
      fill: 'toself',
      fillcolor: ink + '33',
      ...no_hover,
    },
  ]
}

/** Markers of a simulation with standard errors, of lone points of theory; else what the pointer finds on a line. */
function markers(points, ink, simulated, yaxis) {
  const lone = points.length === 1
  return {
    x: points.map((p) => p.x),
    y: points.map((p) => p.y),
    customdata: points,
    yaxis,
    mode: 'markers',
    hoverinfo: 'none',
    marker: {
      color: ink,
      size: simulated || lone ? 8 : 6,
      line: { width: 1.5, color: ink },
      opacity: simulated || lone ? 1 : points.map((p) => (isTrusted(p.record) ? 0 : 1)),
      symbol: points.map((p) =>
        simulated ? (isTrusted(p.record) ? 'circle' : 'circle-open') : lone ? 'x-thin' : 'circle-open',
      ),
    },
    ...(simulated
      ? {
          error_y: {
            type: 'data',
            array: points.map((p) => p.error || 0),
            color: ink,
            thickness: 1.5,
            width: 3,
          },
        }
      : {}),
  }
}

/** A threshold in alpha: vertical, on an axis of its own from 0 to 1. */
function threshold(point, ink) {
  const steps = Array.from({ length: 25 }, (_, i) => i / 24)
  return {
    x: steps.map(() => point.x),
    y: steps,
    customdata: steps.map(() => point),
    yaxis: 'y3',
    mode: 'lines',
    line: { color: ink, width: 1.5, dash: isTrusted(point.record) ? 'dot' : 'dash' },
    hoverinfo: 'none',
  }
}

/** Names at the right ends of the lines, moved apart. */
function endLabels(ends, logY, range, height) {
  const [low, high] = range.map((y) => (logY ? Math.log10(y) : y))
  const list = ends
    .map((end) => ({ ...end, at: (((logY ? Math.log10(end.y) : end.y) - low) / (high - low)) * height }))
    .sort((a, b) => a.at - b.at)
  list.forEach((end, i) => {
    if (i) end.at = Math.max(end.at, list[i - 1].at + 16)
  })
  return list.map(({ label, ink, at }) => ({
    text: plain(label),
    xref: 'paper',
    yref: 'y domain',
    x: 1,
    y: at / height,
    xanchor: 'left',
    yanchor: 'middle',
    xshift: 6,
    showarrow: false,
    font: { color: ink, size: 12 },
  }))
}

function drawLegend(labels, colours, state, hooks) {
  document.getElementById('legend').replaceChildren(
    ...labels.map((label) =>
      element(
        'button',
        {
          type: 'button',
          'aria-pressed': String(!state.hidden.has(label)),
          onclick: () => {
            state.hidden.has(label) ? state.hidden.delete(label) : state.hidden.add(label)
            hooks.draw()
          },
        },
        element('span', { style: `background:${colours.get(label)}` }),
        label,
      ),
    ),
  )
}

/** The curves of the quantity y over x, thresholds upright, the stability eigenvalue in a strip below. */
export function drawCurves(node, state, hooks) {
  const { x, y, logX, logY } = state,
    curves = data.curves[x]
  const colours = coloursOf(curves.map((curve) => curve.label))
  const upright = (curve) => x === 'alpha' && y !== 'alpha' && data.records[curve.records[0]].threshold
  const drawn = curves
    .map((curve) => ({
      curve,
      ink: colours.get(curve.label),
      points: pointsOf(curve, state, upright(curve) ? 'alpha' : y, logX, logY && !upright(curve)),
    }))
    .filter(({ points }) => points.length)
  const visible = drawn.filter(({ curve }) => !state.hidden.has(curve.label))
  const flat = visible.filter(({ curve }) => !upright(curve)),
    all = flat.flatMap(({ points }) => points)
  const reach = all.flatMap((p) => [
    p.y,
    ...(Number.isFinite(p.symmetric) ? [p.symmetric] : []),
    ...(p.error < Math.abs(p.y) ? [p.y - p.error, p.y + p.error] : []),
  ])
  const [low, high] = [Math.min(...reach), Math.max(...reach)]
  const room = (high - low) * 0.05 || Math.abs(high) * 0.05 || 0.5
  const range = logY ? [low / 1.3, high * 1.3] : [low - room, high + room]

  const traces = [],
    ends = [],
    names = []
  for (const { curve, ink, points } of visible) {
    if (upright(curve)) {
      traces.push(...points.map((p) => threshold(p, ink)))
      names.push(
        ...points.map((p) => ({
          text: plain(curve.label),
          x: logX ? Math.log10(p.x) : p.x,
          yref: 'paper',
          y: 1,
          yanchor: 'bottom',
          showarrow: false,
          textangle: -30,
          xanchor: 'left',
          font: { color: ink, size: 12 },
        })),
      )
      continue
    }
    if (!curve.simulated)
      traces.push(...symmetricLine(points, ink), ...band(points, ink, high - low), ...lines(points, ink, 'y'))
    traces.push(markers(points, ink, curve.simulated, 'y'))
    if (!curve.simulated) ends.push({ label: curve.label, ink, y: points.at(-1).y })
  }
  const strip =
    y === eigenvalue
      ? []
      : visible
          .filter(({ curve }) => !curve.simulated && !upright(curve))
          .map(({ curve, ink }) => ({ ink, points: pointsOf(curve, state, eigenvalue, logX) }))
          .filter(({ points }) => points.length)
  for (const { ink, points } of strip)
    traces.push(...lines(points, ink, 'y2'), markers(points, ink, false, 'y2'))

  const longest = Math.max(0, ...ends.map(({ label }) => label.length))
  const direct = ends.length > 0 && ends.length <= 8 && longest <= 34 && node.clientWidth > 700
  const height = (strip.length ? 0.72 : 1) * (node.clientHeight - 90)
  const one = {
    type: 'line',
    xref: 'paper',
    x0: 0,
    x1: 1,
    yref: 'y2',
    y0: 1,
    y1: 1,
    line: { color: colour('grey'), dash: 'dot', width: 1.5 },
  }
  drawLegend([...new Set(drawn.map(({ curve }) => curve.label))], colours, state, hooks)
  drawKey(visible)
  if (names.length > most_names) names.length = 0
  const layout = {
    margin: { l: 64, r: direct ? 16 + 7 * longest : 16, t: names.length ? 70 : 28, b: 48 },
    xaxis: axisOf(x, logX && extent(visible.flatMap(({ points }) => points.map((p) => p.x))), {
      anchor: strip.length ? 'y2' : 'y',
    }),
    yaxis: axisOf(y, logY && range, {
      domain: [strip.length ? 0.28 : 0, 1],
      ...(all.length ? { range: logY ? range.map(Math.log10) : range } : {}),
    }),
    yaxis3: { overlaying: 'y', range: [0, 1], visible: false, fixedrange: true },
    ...(strip.length
      ? {
          yaxis2: axis('stability', false, {
            domain: [0, 0.2],
            rangemode: 'tozero',
            range: [
              0,
              Math.min(
                3,
                Math.max(1.2, 1.1 * Math.max(...strip.flatMap(({ points }) => points.map((p) => p.y)))),
              ),
            ],
          }),
        }
      : {}),
    shapes: strip.length ? [one] : [],
    annotations: [...names, ...(direct ? endLabels(ends, logY, range, height) : [])],
  }
  if (!traces.length)
    layout.annotations.push({
      text: 'nothing to draw: see the filters',
      xref: 'paper',
      yref: 'paper',
      x: 0.5,
      y: 0.5,
      showarrow: false,
    })
  show(node, traces, layout, {
    hover: ({ customdata: p }, event) =>
      hooks.tip(
        event,
        p.curve.label,
        p.record,
        p.record.values[y] === undefined ? [[titleOf(y), String(p.y)]] : [],
      ),
    leave: hooks.leave,
    click: ({ customdata: p }) => hooks.choose(p.record, p.curve.label),
  })
}

/** What the styles mean, of those that are there. */
function drawKey(visible) {
  const theory = visible
    .filter(({ curve }) => !curve.simulated)
    .flatMap(({ points }) => points.map((p) => p.record))
  const parts = ['lines: theory']
  if (theory.some((record) => !isTrusted(record)))
    parts.push('dashed, with open circles: theory that is not to be trusted')
  const broken = theory.filter((record) => record.values.broken)
  if (broken.length) parts.push('dash-dotted: beyond replica symmetry')
  if (broken.some((record) => record.values.replica_symmetric))
    parts.push('thin dashes: what replica symmetry says there')
  if (visible.some(({ curve }) => curve.simulated)) parts.push('markers: simulation with standard errors')
  if (theory.some((record) => record.threshold)) parts.push('dotted, upright: thresholds')
  document.getElementById('key').textContent = `${parts.join('; ')}. Drag to zoom, double-click to zoom out.`
}
