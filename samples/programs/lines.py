# lines.js in Python, line by line: python3 samples/programs/lines.py prints what CPython's tracemalloc says of it.
import tracemalloc

class Point:
    __slots__ = ("x", "y")
    def __init__(self, x, y):
        self.x = x
        self.y = y

store = []
def load(count):
    for i in range(count):
        point = Point(i + 0.5, i)
        name = f"point number {i} of the series"
        history = [i for _ in range(20)]
        entry = {"point": point, "name": name}
        store.append([entry, history])

tracemalloc.start()
load(20_000)
snapshot = tracemalloc.take_snapshot()
for statistic in snapshot.statistics("lineno")[:5]:
    print(statistic)
