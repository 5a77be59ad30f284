// TypeScript, for a loader of the user's.
interface Kept {
  i: number
  text: number[]
}

const kept: Kept[] = []

export function keepTyped(n: number): void {
  for (let i = 0; i < n; i++) kept.push({ i, text: [i, i + 1] })
}

keepTyped(30_000)
process.on('exit', () => kept.length)
