// How the driver of the matrix talks to a program: a line with a number on standard input asks for so many units of work, and a
// line on standard output says that they are done. The end of the input is the end of the program.
import { createInterface } from 'node:readline'

/** Answers the driver with `unit(i)`, i being the number of units before it. */
export function serve(unit) {
  let i = 0
  let last = Promise.resolve()
  const work = async count => {
    for (const end = i + count; i < end; i++) await unit(i)
    console.log('done')
  }
  createInterface({ input: process.stdin })
    .on('line', line => (last = last.then(() => work(Number(line)))))
    .on('close', () => last.then(() => process.exit()))
  console.log('ready')
}

/** Lets the driver send requests to a server. */
export function listen(server) {
  server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`))
  process.stdin.on('end', () => process.exit()).resume()
}
