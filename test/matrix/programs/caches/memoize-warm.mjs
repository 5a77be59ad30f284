// lodash: a memoized function of a hundred arguments, and an in-memory index that is made anew.
import _ from 'lodash'
import MiniSearch from 'minisearch'
import { serve } from '../host.mjs'

const describe = _.memoize(id => ({ id, parts: _.range(30).map(k => ({ k, id })) }))
let index

serve(async i => {
  describe(i % 100)
  if (i % 100 > 0) return
  index = new MiniSearch({ fields: ['text'] })
  index.addAll(_.range(50).map(id => ({ id, text: `${describe(id).id} document ${id} of ${i}` })))
})
