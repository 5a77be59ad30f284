// acorn: sources are parsed and looked through; the trees are forgotten.
import { parse } from 'acorn'
import { serve } from '../host.mjs'

function count(node, type) {
  if (node === null || typeof node !== 'object') return 0
  const own = node.type === type ? 1 : 0
  return Object.values(node).reduce((sum, child) => sum + count(child, type), own)
}

serve(async i => {
  const source = Array.from({ length: 20 }, (_, k) => `function f${k}(a) { return a + ${i} }`).join('\n')
  count(parse(source, { ecmaVersion: 2022 }), 'ReturnStatement')
})
