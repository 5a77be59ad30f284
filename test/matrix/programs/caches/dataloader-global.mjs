// dataloader: one loader for the whole process, instead of one a request.
import DataLoader from 'dataloader'
import { serve } from '../host.mjs'

async function loadUsers(ids) {
  return ids.map(id => new Array(180).fill(id))
}

const users = new DataLoader(ids => loadUsers(ids))
serve(async i => (await users.load(i)).length)
