"""What CPython's own tracemalloc, fnmatch and number formatting say, as JSON on standard output.

cpython.py snapshots SEED N   random pairs of snapshots, pickled, with the lines of statistics, compare_to and filter_traces
cpython.py globs SEED N       random names and patterns, with fnmatchcase's answers
cpython.py sizes SEED N       numbers, with _format_size's texts
cpython.py load               the lines of statistics of the pickles on standard input (JSON: a list of Base64)
"""
import base64
import fnmatch
import json
import linecache
import pickle
import random
import struct
import sys
import tracemalloc
from tracemalloc import DomainFilter, Filter, Snapshot, Traceback

# Names that sort differently by code point and by UTF-16 unit; lone surrogates; names that are no paths.
NAMES = [
    'a.py', 'b.py', 'dir/a.py', 'dir/sub/a.py', 'é.py', 'ÿ.py', '\uff5e.py', '\ufffd', '\ue000.py', '\U00010000.py',
    '\U0001f600.py', 'x\U0001f600', 'x\uff5e', '\ud800.py', '\udfff.py', 'x\udc80y', 'x\ud800y', 'x\ud800', '', ' ', '<string>',
    'new\nline.py', 'C:\\dir\\a.py', 'tab\t"quoted".py', 'constructor', '__proto__', 'a[1].py', '*.py', 'a' * 300,
]
PATTERNS = ['*.py', 'a.py', '?.py', 'dir/*', '*', '[!a]*', '*\U0001f600*', '\ud800*', '[\uff5e\U0001f600].py', 'x?', 'x?y', '',
            'a[[]1].py', '[a-b].py', '[b-a].py', '*/*']
KEYS = [('lineno', False), ('filename', False), ('traceback', False), ('lineno', True), ('filename', True)]


def random_size(r):
    """Small numbers for ties; numbers whose texts are halves to be rounded; large ones."""
    return r.choice([
        lambda: r.randrange(4),
        lambda: 256 * r.randrange(1, 1200),
        lambda: 1024 * 1024 * r.randrange(1, 40) + 131072 * r.randrange(8),
        lambda: r.randrange(1 << r.randrange(1, 45)),
    ])()


def random_tracebacks(r):
    lines = r.choice([2, 300, 70000])
    frames = [(r.choice(NAMES), r.randrange(lines)) for _ in range(r.randrange(1, 12))]
    tracebacks = [tuple(r.choice(frames) for _ in range(r.choice([1, 1, 2, 3, 4, 9]))) for _ in range(r.randrange(1, 14))]
    tracebacks += [t[:1] * r.randrange(2, 5) for t in tracebacks[:3]]  # recursion
    return tracebacks


def random_snapshot(r, tracebacks):
    traces = []
    for _ in range(r.choice([0, 1, 5, 40])):
        # Equal tracebacks that are not one object are pickled twice.
        traceback = r.choice(tracebacks)
        if r.random() < 0.2:
            traceback = tuple((name, line) for name, line in traceback)
        traces.append((r.choice([0, 0, 1, 7, 0xffffffff]), random_size(r), traceback, r.choice([None, len(traceback), 200])))
    return Snapshot(traces, r.choice([1, 9, 65535]))


def random_filter(r):
    if r.random() < 0.2:
        domain = r.choice([0, 1, 3])
        inclusive = r.random() < 0.5
        return DomainFilter(inclusive, domain), {'inclusive': inclusive, 'domain': domain}
    options = {
        'inclusive': r.random() < 0.5,
        'pattern': r.choice(PATTERNS),
        'lineno': r.choice([None, None, 0, 1, 5]),
        'allFrames': r.random() < 0.5,
        'domain': r.choice([None, None, 0, 1]),
    }
    return Filter(options['inclusive'], options['pattern'], options['lineno'], options['allFrames'], options['domain']), options


def lines_of(statistics):
    return [str(statistic) for statistic in statistics]


def formats_of(traceback):
    """Traceback.format by limit and direction. Of every file the lines are known whose number is even."""
    for name, _ in traceback:
        linecache.cache[name] = (0, None, ['' if i % 2 == 0 else '\t line %d of it \n' % (i + 1) for i in range(6)], name)
    view = Traceback(traceback)
    return {'%s %s' % (limit, first): view.format(limit, first) for limit in (None, 0, 1, 2, 50, -1, -2, -50)
            for first in (False, True)}


def snapshot_pair(r):
    tracebacks = random_tracebacks(r)
    old, new = random_snapshot(r, tracebacks), random_snapshot(r, tracebacks)
    filters = [random_filter(r) for _ in range(r.randrange(4))]
    views = [Traceback(t) for t in tracebacks]
    order = sorted(range(len(views)), key=views.__getitem__)
    protocol = r.randrange(6)
    dump = lambda snapshot: base64.b64encode(pickle.dumps(snapshot, protocol)).decode()
    return {
        'protocol': protocol,
        'old': dump(old),
        'new': dump(new),
        'limit': new.traceback_limit,
        'traces': new.traces._traces,
        'statistics': {'%s %s' % key: lines_of(new.statistics(*key)) for key in KEYS},
        'diff': {'%s %s' % key: lines_of(new.compare_to(old, *key)) for key in KEYS},
        'filters': [options for _, options in filters],
        'filtered': new.filter_traces([f for f, _ in filters]).traces._traces,
        'trace': [str(trace) for trace in new.traces],
        'tracebacks': tracebacks,
        'order': order,
        'equal': [[i, j] for i in range(len(views)) for j in range(len(views)) if views[i] == views[j]],
        'formats': formats_of(tracebacks[0]),
    }


def random_glob(r):
    characters = 'ab-]![c^\\*?.\n/é\uff5e\U0001f600\ud800'
    pick = lambda alphabet, most: ''.join(r.choice(alphabet) for _ in range(r.randrange(most)))
    shape = r.random()
    if shape < 0.4:
        pattern = pick('ab[]!-*?', 12)
    elif shape < 0.8:  # a set of anything
        pattern = pick('ab*?', 4) + '[' + r.choice(['', '!', ']', '!]', '-', '!-', '--']) + pick(characters, 7) + ']' + pick('ab*', 4)
    else:
        pattern = pick(characters, 14)
    name = pick(characters, 5)
    if r.random() < 0.4:  # one that may match
        name = ''.join(r.choice('ab-]c') if c in '[]?!-' else pick('ab', 4) if c == '*' else c for c in pattern)
    return [name, pattern, fnmatch.fnmatchcase(name, pattern)]


def glob_cases(r, n):
    cases = [random_glob(r) for _ in range(n)]
    for length in (20, 2000):
        name = 'a' * length
        for pattern in ('*a' * 20 + 'b', '*a' * 20, '*a*?' * 10 + '*b*', '*' * 1000 + 'b', '*[a]' * 20 + '[!a]'):
            cases.append([name, pattern, fnmatch.fnmatchcase(name, pattern)])
    return cases


def size_cases(r, n):
    values = [0, -0.0, 0.5, -0.5, 1.5, 2.5, 99.5, 100, 10239, 10239.5, 10240, 102400, 2 ** 53 - 1, 2.0 ** 62, 1e21]
    for unit in (1, 1024, 1024 ** 2, 1024 ** 3, 1024 ** 4):
        values += [unit * x for x in (0.05, 0.25, 0.35, 0.75, 1, 9.95, 9.75, 9.25, 99.95, 99.75, 99.25, 100, 100.5, 101.5, 10239.5, 10240)]
    while len(values) < n:
        unit = 1024 ** r.randrange(5)
        values.append(r.choice([
            lambda: r.randrange(1 - (1 << 53), 1 << 53) >> r.randrange(53),
            lambda: unit * r.randrange(-41000, 41000) / 4,  # exact halves of a tenth
            lambda: unit * r.randrange(-25000, 25000) / 2,  # exact halves of one
            lambda: r.randrange(1 << r.randrange(1, 50)) / r.randrange(1, 1000),
            lambda: struct.unpack('<d', struct.pack('<Q', r.randrange(0x3f00 << 48, 0x4340 << 48)))[0],
        ])())
    return [[v, tracemalloc._format_size(v, False),
             tracemalloc._format_size(v, True)] for v in values]


def loaded(encoded):
    snapshot = pickle.loads(base64.b64decode(encoded))
    return {
        'limit': snapshot.traceback_limit,
        'traces': snapshot.traces._traces,
        'statistics': {key: lines_of(snapshot.statistics(key)) for key in ('lineno', 'filename')},
    }


def main(what, *numbers):
    if what == 'load':
        result = [loaded(encoded) for encoded in json.load(sys.stdin)]
    else:
        seed, n = map(int, numbers)
        r = random.Random(seed)
        if what == 'snapshots':
            result = [snapshot_pair(r) for _ in range(n)]
        else:
            result = {'globs': glob_cases, 'sizes': size_cases}[what](r, n)
    json.dump(result, sys.stdout)


main(*sys.argv[1:])
