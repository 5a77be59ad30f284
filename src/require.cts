// What `require('tracemalloc')` loads: the same module that `import` gives, where Node can require it.
try {
  module.exports = require('./index.js')
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_REQUIRE_ESM') throw error
  throw new Error(
    `require('tracemalloc') needs Node 20.19, 22.12 or newer, and this is ${process.version}; import('tracemalloc') works here`,
    { cause: error },
  )
}
