// Only the gate's cases, and nothing of the project's own configuration.
export default { test: { include: ['vitest.mjs'] } }
