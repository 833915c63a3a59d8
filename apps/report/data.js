// The data that `quenched report` wrote into the page, and how a person writes them.

export const data = JSON.parse(document.getElementById('data').textContent)

const dotted = (record, name) => name.split('.').reduce((at, key) => at?.[key], record.values)

/** The two ridges are one parameter. */
export const sameRidges = data.records.every(({ values }) => values.ridge_k === values.ridge_v)

/** As short as six digits are. */
export const short = (value) =>
  typeof value === 'number' ? Number(value.toPrecision(6)).toString() : String(value)

/** A parameter or quantity of a record; undefined when it has none. */
export const valueOf = (record, name) => dotted(record, name) ?? dotted(record, 'order_parameters.' + name)

/** As a number that can be drawn; NaN for anything else. */
export const numberOf = (record, name) => {
  const value = valueOf(record, name)
  return typeof value === 'number' ? value : NaN
}

/** The uncertainty of a quantity: a standard error where it is simulated. */
export function errorOf(record, name) {
  const last = name === 'excess_error' ? 'test_error' : name.split('.').pop()
  const own = record.values.uncertainty
  const error = name === 'alpha' && typeof own === 'number' ? own : own?.[last]
  const beside = dotted(record, name.replace(/(_eigenvalue)?$/, '_error'))
  const found = error ?? (name.startsWith('certificate.') ? beside : undefined)
  return typeof found === 'number' ? found : NaN
}

export const verdictOf = (record) => record.values.certificate?.verdict ?? ''

export const isSimulated = (record) => 'seeds' in record.values || record.values.command === 'simulate'

/** Not every seed converged, or a verdict against it. */
export const isTrusted = (record) =>
  record.trusted &&
  (!('seeds_converged' in record.values) || record.values.seeds_converged === record.values.seeds)

/** 0.37716(1): the value down to the first digit of its error, which is rounded up. */
export function withUncertainty(value, error) {
  if (typeof value !== 'number') return value === undefined || value === null ? '–' : String(value)
  if (!(error > 0) || error >= Math.abs(value) * 10) {
    return error > 0 ? `${short(value)} ± ${error.toPrecision(1)}` : short(value)
  }
  let digits = Math.max(0, -Math.floor(Math.log10(error)))
  let last = Math.ceil(error * 10 ** digits - 1e-9)
  if (last >= 10 && digits > 0) {
    digits -= 1
    last = 1
  }
  if (digits > 15) return value.toPrecision(12)
  return `${value.toFixed(digits)}(${last})`
}

const groups = ['order_parameters', 'certificate', 'derivatives']
const parameter = Object.fromEntries(data.parameters.map((p) => [p.name, p]))
const quantity = Object.fromEntries(data.quantities.map((q) => [q.name, q]))

/** order_parameters.m_k -> m_k, alpha -> α. */
export function symbolOf(name) {
  if (parameter[name]) return sameRidges && name === 'ridge_k' ? 'r' : parameter[name].symbol
  const [first, ...rest] = name.split('.')
  return (groups.includes(first) && rest.length ? rest.join('.') : name).replace(/_/g, (mark, at, all) =>
    all.length <= 5 ? mark : ' ',
  )
}

/** For an axis or a list. */
export function titleOf(name) {
  const title = (quantity[name] ?? parameter[name])?.title ?? name
  return title === name ? symbolOf(name) : title
}

const meanings = {
  trusted: 'converged, resolved to the tolerance, stable, no jumps that matter, no better branch seen',
  unstable:
    'the stability eigenvalue is above 1 beyond its error: replica symmetry fails, simulation will differ',
  marginal: 'the error bar of the eigenvalue contains 1',
  jumps: 'the minimiser of a sample’s loss jumps between two minima often enough to matter',
  broken_symmetry: 'the cross overlaps grow: the ansatz with four overlaps fails',
  metastable: 'another branch has lower energy (ERM) or larger free entropy (Bayes)',
  under_resolved: 'the error estimate is above the tolerance',
  not_converged: 'the fixed point was not reached; what is shown is the last iterate',
}
/** What a verdict says, in words. */
export const meaningOf = (verdict) => meanings[verdict] ?? ''

/** An element with text, attributes and children; strings become text, never markup. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes))
    name.startsWith('on')
      ? node.addEventListener(name.slice(2), value)
      : value !== false && node.setAttribute(name, value)
  node.append(...children)
  return node
}
