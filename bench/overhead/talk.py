# The talk's benchmark: CPU time of one `[i for i in range(10000, 20000)]`, in us: tracing off, on, off again.
import time
import tracemalloc


def spend(rounds=1000):
    start = time.process_time()
    for _ in range(rounds):
        [i for i in range(10000, 20000)]
    return (time.process_time() - start) / rounds * 1e6


spend(200)
off = spend()
tracemalloc.start()
on = spend(200)
tracemalloc.stop()
print(off, on, spend())
