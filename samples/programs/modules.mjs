// An ES module that keeps what it makes for as long as it runs.
export const kept = []

export function keepInModule(n) {
  for (let i = 0; i < n; i++) kept.push({ i, text: [i, i + 1] })
}

keepInModule(30_000)
process.on('exit', () => kept.length)
