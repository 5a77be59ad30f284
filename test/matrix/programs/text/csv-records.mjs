// csv-parse: a summary of each record is kept.
import { parse } from 'csv-parse/sync'
import { serve } from '../host.mjs'

const summaries = new Map()

function summarise(record, key) {
  summaries.set(key, { total: Number(record.a) + Number(record.b), parts: new Array(30).fill(0) })
}

serve(async i => {
  const text = `a,b\n${Array.from({ length: 6 }, (_, k) => `${i},${k}`).join('\n')}`
  for (const [k, record] of parse(text, { columns: true }).entries()) summarise(record, `${i} ${k}`)
})
