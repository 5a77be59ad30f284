// p-queue and generic-pool: a pool of connections that fills and stays.
import { createPool } from 'generic-pool'
import PQueue from 'p-queue'
import { serve } from '../host.mjs'

class Connection {
  buffer = new Array(2000).fill(0)

  query(i) {
    return this.buffer.map((_, k) => k + i).filter(n => n % 7 === 0)
  }
}

const pool = createPool({ create: async () => new Connection(), destroy: async () => {} }, { max: 8 })
const queue = new PQueue({ concurrency: 8 })

serve(i => queue.add(() => pool.use(async connection => connection.query(i).length)))
