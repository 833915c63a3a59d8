import { data, numberOf, symbolOf, titleOf } from './data.js'
import { axisOf, colour, plain, show } from './plot.js'

const { diagram } = data
// cividis: even in lightness, the same to colour-blind readers
const scale = [
  [0, '#00204D'],
  [0.25, '#31446B'],
  [0.5, '#7C7B78'],
  [0.75, '#BBAF71'],
  [1, '#FFEA46'],
]
const dashes = { 'lower spinodal': 'dot', α_IT: 'solid', 'upper spinodal': 'dash' }
const of_erm = ['#D55E00', '#CC79A7']

function line({ name, records }, others) {
  const points = records.map((i) => ({ record: data.records[i], name }))
  const at = {
    x: points.map((p) => numberOf(p.record, diagram.x)),
    y: points.map((p) => numberOf(p.record, 'alpha')),
  }
  const own = name in dashes,
    ink = own ? '#000000' : of_erm[others % 2]
  const error = points.map((p) =>
    typeof p.record.values.uncertainty === 'number' ? p.record.values.uncertainty : 0,
  )
  return [
    { ...at, mode: 'lines', line: { color: '#ffffff', width: 5 }, hoverinfo: 'skip' },
    {
      ...at,
      customdata: points,
      mode: 'lines+markers',
      hoverinfo: 'none',
      line: { color: ink, width: 2, dash: dashes[name] ?? 'solid' },
      marker: { color: ink, size: 6 },
      error_y: { type: 'data', array: error, color: ink },
    },
  ]
}

/** The Bayes-optimal error as colour over a parameter and alpha, thresholds as lines, regions named. */
export function drawDiagram(node, hooks) {
  const edges = diagram.alpha_edges,
    log = edges.at(-1) > 12 * edges[0],
    height = (alpha) => (log ? Math.log10(alpha) : alpha)
  const others = diagram.lines.filter(({ name }) => !(name in dashes))
  const traces = [
    {
      type: 'heatmap',
      x: diagram.x_edges,
      y: edges,
      z: diagram.errors,
      colorscale: scale,
      hoverinfo: 'none',
      zsmooth: false,
      colorbar: {
        title: { text: plain(titleOf('test_error')), side: 'right' },
        thickness: 14,
        outlinewidth: 0,
      },
    },
    ...diagram.lines.flatMap((l) => line(l, others.indexOf(l))),
  ]
  const box = {
    showarrow: false,
    bgcolor: 'rgba(255,255,255,0.9)',
    font: { color: '#000000', size: 12 },
    borderpad: 3,
  }
  const ends = diagram.lines.map(({ name, records }) => {
    const last = data.records[records.at(-1)]
    return {
      ...box,
      text: plain(name),
      x: numberOf(last, diagram.x),
      y: height(numberOf(last, 'alpha')),
      xanchor: 'right',
      xshift: -8,
      font: { ...box.font, size: 11 },
    }
  })
  show(
    node,
    traces,
    {
      margin: { l: 64, r: 16, t: 28, b: 48 },
      xaxis: axisOf(diagram.x, false, { range: [diagram.x_edges[0], diagram.x_edges.at(-1)] }),
      yaxis: axisOf('alpha', log && [edges[0], edges.at(-1)], {
        range: [height(edges[0]), height(edges.at(-1))],
      }),
      annotations: [
        ...diagram.regions.map(({ name, x, alpha }) => ({
          ...box,
          text: `<b>${plain(name)}</b>`,
          x,
          y: height(alpha),
        })),
        ...ends,
      ],
    },
    {
      hover: (point, event) =>
        point.customdata
          ? hooks.tip(event, point.customdata.name, point.customdata.record, [['α', point.y.toPrecision(7)]])
          : hooks.tip(event, 'between fixed points', null, [
              [symbolOf(diagram.x), point.x.toPrecision(4)],
              ['α', point.y.toPrecision(4)],
              ['test error', point.z?.toPrecision(5) ?? '–'],
            ]),
      leave: hooks.leave,
      click: (point) => point.customdata && hooks.choose(point.customdata.record, point.customdata.name),
    },
  )
}
