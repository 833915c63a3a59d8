// What both charts share: the library, the colours of the theme, the names on axes.
import Plotly from 'plotly.js-cartesian-dist-min'
import { titleOf } from './data.js'

// Okabe and Ito's palette, told apart by colour-blind readers; yellow is too light for lines. Greys: Bayes-optimal.
const palette = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9']

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** Colours by label, in the order of all labels, whatever is hidden. */
export function coloursOf(labels) {
  const greys = ['--text', '--grey', '--pale'].map(css),
    colours = new Map(),
    counts = { bayes: 0, other: 0 }
  const few = new Set(labels.filter((label) => label.startsWith('Bayes'))).size <= greys.length
  for (const label of labels) {
    if (colours.has(label)) continue
    const bayes = few && label.startsWith('Bayes')
    colours.set(
      label,
      bayes ? greys[counts.bayes++ % greys.length] : palette[counts.other++ % palette.length],
    )
  }
  return colours
}

/** As the library's own markup, in which < begins a tag. */
export const plain = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

/** 1, 2, 5 of each decade; of many decades their beginnings. */
function ticks(low, high) {
  const steps = high > 1000 * low ? [1] : [1, 2, 5],
    values = []
  for (let k = Math.floor(Math.log10(low)) - 1; k <= Math.log10(high) + 1; ++k)
    values.push(...steps.map((step) => Number(`${step}e${k}`)))
  const text = (v) => (v >= 1e-3 && v < 1e4 ? String(v) : `10<sup>${Math.round(Math.log10(v))}</sup>`)
  return {
    tickmode: 'array',
    tickvals: values,
    ticktext: values.map((v) => ((v < 1e-3 || v >= 1e4) && steps.length > 1 ? v.toExponential(0) : text(v))),
  }
}

/** `log`: the ends of the values on a logarithmic axis, else false. */
export function axis(title, log, extra = {}) {
  return {
    title: { text: plain(title), standoff: 8 },
    type: log ? 'log' : 'linear',
    gridcolor: css('--grid'),
    linecolor: css('--text'),
    tickcolor: css('--text'),
    ticks: 'outside',
    showline: true,
    zeroline: false,
    automargin: true,
    exponentformat: 'power',
    ...(log ? ticks(...log) : {}),
    ...extra,
  }
}

export const axisOf = (name, log, extra) => axis(titleOf(name), log, extra)

export const colour = (name) => css('--' + name)

/** Draws, and passes what the pointer is at to `hover(point, event)` and `click(point)`. */
export async function show(node, traces, layout, { hover, leave, click }) {
  const font = { family: 'system-ui, sans-serif', size: 13, color: css('--text') }
  await Plotly.react(
    node,
    traces,
    {
      font,
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      showlegend: false,
      hovermode: 'closest',
      hoverdistance: 24,
      dragmode: 'zoom',
      modebar: { bgcolor: 'rgba(0,0,0,0)', color: css('--grey'), activecolor: css('--text') },
      ...layout,
    },
    {
      responsive: true,
      displaylogo: false,
      modeBarButtonsToRemove: ['select2d', 'lasso2d', 'autoScale2d', 'sendChartToCloud'],
      toImageButtonOptions: { format: 'svg', filename: 'quenched' },
    },
  )
  node.removeAllListeners('plotly_hover')
  node.removeAllListeners('plotly_unhover')
  node.removeAllListeners('plotly_click')
  node.on('plotly_hover', ({ points, event }) => hover(points[0], event))
  node.on('plotly_unhover', leave)
  node.on('plotly_click', ({ points }) => click(points[0]))
}
