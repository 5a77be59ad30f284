// Only these cases, and nothing of the project's own configuration.
export default { test: { include: ['vitest.mjs'] } }
