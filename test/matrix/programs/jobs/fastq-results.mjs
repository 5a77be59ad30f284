// fastq: the results of all jobs are collected and never taken.
import fastq from 'fastq'
import { serve } from '../host.mjs'

const results = []

function compute(i, done) {
  const squares = Array.from({ length: 100 }, (_, k) => k * k + i)
  setImmediate(
    done,
    null,
    squares.reduce((a, b) => a + b),
  )
}

function collect(i, sum) {
  results.push({ i, sum, trail: new Array(180).fill(sum) })
}

const queue = fastq(compute, 4)
serve(
  i =>
    new Promise(resolve =>
      queue.push(i, (_error, sum) => {
        collect(i, sum)
        resolve()
      }),
    ),
)
