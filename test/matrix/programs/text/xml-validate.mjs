// fast-xml-parser, ajv and zod: documents are read and checked; validators are compiled once.
import Ajv from 'ajv'
import { XMLParser } from 'fast-xml-parser'
import { z } from 'zod'
import { serve } from '../host.mjs'

const parser = new XMLParser()
const isValid = new Ajv().compile({
  type: 'object',
  required: ['feed'],
  properties: { feed: { type: 'object' } },
})
const schema = z.object({ feed: z.object({ item: z.array(z.object({ id: z.number() })) }) })

serve(async i => {
  const items = Array.from({ length: 10 }, (_, k) => `<item><id>${i * k}</id></item>`).join('')
  const document = parser.parse(`<feed>${items}</feed>`)
  if (!isValid(document)) throw new Error('not valid')
  schema.parse(document)
})
