"""CPython's half of diff.mjs.

diff.py make FILE TRACES SEED   pickles a synthetic snapshot: 20,000 stacks of 3 frames in 400 files; the seed varies sizes and counts
diff.py serve OLD NEW           for every line on standard input answers the CPU seconds of loading both and of compare_to by line
"""
import json
import random
import sys
import time
import tracemalloc


def make(path, traces, seed):
    shared, own = random.Random(12345), random.Random(int(seed))
    files = ['/usr/lib/python3.11/site-packages/pkg%d/sub/module_%d.py' % (i % 40, i) for i in range(400)]
    stacks = [tuple((shared.choice(files), shared.randrange(1, 251)) for _ in range(3)) for _ in range(20000)]
    rows = [(0, own.randrange(16, 4096), stacks[int(own.random() ** 2 * len(stacks))], 3) for _ in range(int(traces))]
    tracemalloc.Snapshot(rows, 3).dump(path)


def serve(old_path, new_path):
    for _ in sys.stdin:
        start = time.process_time()
        old, new = tracemalloc.Snapshot.load(old_path), tracemalloc.Snapshot.load(new_path)
        loaded = time.process_time()
        diffs = new.compare_to(old, 'lineno')
        compared = time.process_time()
        print(json.dumps({'load': loaded - start, 'compare': compared - loaded, 'groups': len(diffs), 'first': str(diffs[0])}),
              flush=True)


{'make': make, 'serve': serve}[sys.argv[1]](*sys.argv[2:])
