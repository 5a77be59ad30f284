// Does rounds of one program and prints the CPU time of the later ones in ms. node round.mjs PROGRAM
import { PROGRAMS } from './programs.mjs'

const round = await PROGRAMS[process.argv[2]]()
const until = async ms => {
  let rounds = 0
  for (const end = performance.now() + ms; performance.now() < end; rounds++) await round()
  return rounds
}
await until(600)
const before = process.cpuUsage()
const rounds = await until(900)
const { user, system } = process.cpuUsage(before)
console.log((user + system) / 1000 / rounds)
process.exit()
