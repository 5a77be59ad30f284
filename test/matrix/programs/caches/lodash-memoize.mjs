// lodash: a memoized function, asked for something new each time.
import _ from 'lodash'
import { serve } from '../host.mjs'

function describe(id) {
  return { id, parts: _.range(30).map(k => ({ k, id })) }
}

const remembered = _.memoize(describe)
serve(async i => remembered(`user ${i}`))
