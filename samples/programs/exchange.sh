#!/bin/sh
# Writes the samples of the exchange formats that this project itself makes: sh samples/programs/exchange.sh
# (behind `npm run build`, in the project's folder). The other files there were written by hand.
set -eu
tracemalloc="node dist/src/cli/main.js"
leak=samples/heapprofile/leak-node26-i1024
for format in folded speedscope firefox csv ndjson; do
  ending=$format
  case $format in speedscope | firefox) ending=$format.json ;; esac
  $tracemalloc convert $leak-after.heapprofile samples/$format/leak-node26.$ending
  $tracemalloc diff $leak-before.heapprofile $leak-after.heapprofile -o samples/$format/leak-node26-diff.$ending
  $tracemalloc convert samples/pprof/go1.19-heap.pb.gz samples/$format/go1.19-heap.$ending
  $tracemalloc convert samples/pickle/names-protocol4.pickle samples/$format/names.$ending
done 2>/dev/null
