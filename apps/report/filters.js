import { data, element, isSimulated, sameRidges, short, symbolOf, valueOf, verdictOf } from './data.js'

const most_boxes = 12

/** The properties to filter by: kind, what varies, the verdict. */
function fields() {
  const list = [
    {
      title: 'kind',
      of: (record) => (isSimulated(record) ? 'simulation' : record.threshold ? 'threshold' : 'theory'),
    },
    { title: 'command', of: (record) => record.values.command },
  ]
  for (const { name } of data.parameters)
    if (!(sameRidges && name === 'ridge_v'))
      list.push({ title: symbolOf(name), of: (record) => valueOf(record, name) })
  list.push({ title: 'branch', of: (record) => record.values.branch }, { title: 'verdict', of: verdictOf })
  for (const field of list)
    field.values = [...new Set(data.records.map(field.of))]
      .filter((v) => v !== undefined && v !== null && v !== '')
      .sort((a, b) =>
        typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1,
      )
  return list.filter((field) => field.values.length > 1)
}

function boxes(field, changed) {
  const excluded = new Set()
  field.passes = (value) => !excluded.has(value)
  return field.values.map((value) =>
    element(
      'label',
      {},
      element('input', {
        type: 'checkbox',
        checked: '',
        onchange: (event) => {
          event.target.checked ? excluded.delete(value) : excluded.add(value)
          changed()
        },
      }),
      ` ${short(value)}`,
    ),
  )
}

/** From one value to another, where there are too many for boxes. */
function range(field, changed) {
  const numbers = field.values.filter((value) => typeof value === 'number')
  const ends = { from: -Infinity, to: Infinity }
  field.passes = (value) => typeof value !== 'number' || (value >= ends.from && value <= ends.to)
  return ['from', 'to'].map((end) =>
    element(
      'label',
      {},
      `${end} `,
      element(
        'select',
        {
          onchange: (event) => {
            ends[end] = Number(event.target.value)
            changed()
          },
        },
        ...numbers.map((value, i) =>
          element(
            'option',
            {
              value,
              selected: i === (end === 'from' ? 0 : numbers.length - 1) && '',
            },
            short(value),
          ),
        ),
      ),
    ),
  )
}

/** Fills `box` with the filters; `changed` is called after a change. A record without a property passes. */
export function makeFilters(box, changed) {
  const list = fields()
  for (const field of list) {
    const many = field.values.length > most_boxes && field.values.some((value) => typeof value === 'number')
    box.append(
      element('fieldset', {}, element('legend', {}, field.title), ...(many ? range : boxes)(field, changed)),
    )
  }
  if (!list.length) box.append('Nothing varies.')
  return {
    passes: (record) =>
      list.every((field) => field.of(record) === undefined || field.passes(field.of(record))),
  }
}
