// Validation: schemas built and records checked with zod, results kept by key.

import { z } from 'zod'

function schema(i) {
  return z.object({
    id: z.number(),
    [`name${i % 5}`]: z.string().min(2),
    tags: z.array(z.enum(['a', 'b', 'c'])),
    place: z.object({ x: z.number(), y: z.number() }).optional(),
  })
}

export async function run() {
  const schemas = Array.from({ length: 40 }, (_, i) => schema(i))
  const kept = new Map()
  const failures = []
  for (let i = 0; i < 6000; i++) {
    const record = { id: i, [`name${i % 5}`]: `n${i % 700}`, tags: ['a', 'b', 'c'].slice(i % 3) }
    if (i % 4 === 0) record.place = { x: i / 3, y: i % 19 === 0 ? 'none' : i }
    const result = schemas[i % 40].safeParse(record)
    if (result.success) kept.set(i % 2500, result.data)
    else failures.push(result.error.issues)
  }
  return { schemas, kept, failures }
}
