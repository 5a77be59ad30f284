// dataloader and graphql: one loader a request; the parsed queries are few and kept.
import DataLoader from 'dataloader'
import { buildSchema, execute, parse } from 'graphql'
import { serve } from '../host.mjs'

const schema = buildSchema('type Query { user(id: Int): User } type User { name: String, id: Int }')
const documents = new Map()

function documentOf(source) {
  if (!documents.has(source)) documents.set(source, parse(source))
  return documents.get(source)
}

serve(async i => {
  const users = new DataLoader(async ids => ids.map(id => ({ id, name: `user ${id}` })))
  const rootValue = { user: ({ id }) => users.load(id) }
  await execute({ schema, document: documentOf(`{ user(id: ${i % 20}) { name id } }`), rootValue })
})
