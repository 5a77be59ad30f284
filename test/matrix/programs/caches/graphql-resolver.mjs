// graphql: a resolver with a cache of its own.
import { buildSchema, graphql } from 'graphql'
import { serve } from '../host.mjs'

const schema = buildSchema('type Query { user(id: Int): User } type User { name: String }')
const cache = new Map()

function resolveUser({ id }) {
  if (!cache.has(id)) cache.set(id, { name: `user ${id}`, friends: new Array(180).fill(id) })
  return cache.get(id)
}

serve(i => graphql({ schema, source: `{ user(id: ${i}) { name } }`, rootValue: { user: resolveUser } }))
