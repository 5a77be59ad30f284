// As an ORM: entities of all rows that were ever loaded stay in the identity map.
import { serve } from '../host.mjs'

const identity = new Map()

function hydrate(row) {
  const entity = { ...row, changed: new Set(), original: Object.entries(row) }
  identity.set(row.id, entity)
  return entity
}

async function find(table, id) {
  return Array.from({ length: 3 }, (_, k) => ({ id: `${table} ${id} ${k}`, name: `name ${k}`, at: id, k }))
}

serve(async i => (await find('users', i)).map(hydrate).length)
