// A CommonJS script that simply ends. Strict, so that only what is global keeps its memory.
'use strict'
function keepInScript(n) {
  for (let i = 0; i < n; i++) globalThis.kept.push({ i, text: [i, i + 1] })
}
globalThis.kept = []
keepInScript(30_000)
