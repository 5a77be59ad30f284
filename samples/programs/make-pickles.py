"""Makes the files of samples/pickle. Run it in its own folder, with each Python whose dump is wanted:

python3.11 make-pickles.py            all protocols of a real snapshot, the hand-made ones, the broken ones
python3.8 make-pickles.py dump        the real snapshot as that Python's Snapshot.dump writes it
"""
import os
import pickle
import sys
import tracemalloc
from tracemalloc import Snapshot

FOLDER = os.path.join('..', 'pickle')

CACHE = '''
entries = {}
def put(key, value):
    entries[key] = (key, value)
'''
MAIN = '''
def handle(n):
    put('key %d' % n, bytearray(1000 * n))
def grow(depth):
    return [bytes(500 + depth), grow(depth - 1)] if depth else None
def serve():
    for n in range(20):
        handle(n)
    return grow(12)
'''


def real_snapshot():
    """Of a program of two files, one of which calls itself deeper than the limit."""
    cache, main = {}, {}
    exec(compile(CACHE, 'app/cache.py', 'exec'), cache)
    main['put'] = cache['put']
    exec(compile(MAIN, 'app/größe.py', 'exec'), main)
    tracemalloc.start(7)
    kept = main['serve']()
    snapshot = tracemalloc.take_snapshot()
    tracemalloc.stop()
    del kept
    # Without the frames of this script, whose path is nobody's business.
    shared = {}
    traces = []
    for trace in snapshot.filter_traces([tracemalloc.Filter(True, 'app/*')]).traces._traces:
        field = 2 if len(trace) > 2 else 1
        traceback = tuple(frame for frame in trace[field] if frame[0].startswith('app/'))
        traces.append(trace[:field] + (shared.setdefault(traceback, traceback),) + trace[field + 1:])
    return Snapshot(traces, snapshot.traceback_limit)


def save(name, data):
    with open(os.path.join(FOLDER, name), 'wb') as file:
        file.write(data)


def save_made():
    """Traces that no single run has: of the old releases, with names of every kind, in a tuple, none at all."""
    def frames(*names):
        return tuple((name, i + 1) for i, name in enumerate(names))
    same = frames('same.py', 'caller.py')
    save('python34-two-fields.pickle', pickle.dumps(Snapshot([(100, same), (28, frames('b.py')), (64, same)], 2), 4))
    names = ['', ' ', 'new\nline.py', 'tab\t"quoted" \\.py', 'é.py', '\uff5e.py', '\U0001f600.py', '\ud800.py', 'x\udfff', '\ufeffbom.py',
             '__proto__', 'constructor', 'C:\\app\\a.py', 'n' * 300]
    traces = [(i, 2 ** (3 * i), frames(name, *names[:i]), None if i % 3 else i + 1) for i, name in enumerate(names)]
    traces += [traces[2], traces[2], (0xffffffff, 0, frames('<unknown>'), 65535), (0, 2 ** 53 - 1, (('a.py', 0xffffffff),), 1)]
    for protocol in (0, 2, 4):
        save('names-protocol%d.pickle' % protocol, pickle.dumps(Snapshot(traces, 65535), protocol))
    save('tuple.pickle', pickle.dumps(Snapshot(tuple(traces[:5]), 1), 4))
    save('empty.pickle', pickle.dumps(Snapshot([], 1), 5))


class Call:
    """Pickled as a call of any function."""
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def save_broken():
    def broken(name, value, protocol=4):
        save(os.path.join('invalid', name + '.pickle'), value if isinstance(value, bytes) else pickle.dumps(value, protocol))
    traceback = (('a.py', 1),)
    good = pickle.dumps(Snapshot([(0, 1, traceback, 1)], 1), 4)
    for protocol in (0, 2, 4):
        broken('os-system-protocol%d' % protocol, Call(os.system, 'echo hello'), protocol)
    broken('os-system-in-a-trace', Snapshot([(0, 1, traceback, 1), (0, 1, Call(os.system, 'echo hello'), 1)], 1))
    broken('getattr', Call(getattr, Snapshot, 'load'))
    broken('snapshot-called', Call(Snapshot, [], 1))
    broken('a-dict', {'traces': []})
    broken('a-filter', tracemalloc.Filter(True, '*'))
    broken('without-limit', Snapshot([], None))
    broken('negative-size', Snapshot([(0, -1, traceback, 1)], 1))
    broken('huge-size', Snapshot([(0, 2 ** 64, traceback, 1)], 1))
    broken('negative-line', Snapshot([(0, 1, (('a.py', -1),), 1)], 1))
    broken('huge-domain', Snapshot([(2 ** 32, 1, traceback, 1)], 1))
    broken('float-size', Snapshot([(0, 1.5, traceback, 1)], 1))
    broken('frame-of-three', Snapshot([(0, 1, (('a.py', 1, 2),), 1)], 1))
    broken('frame-of-bytes', Snapshot([(0, 1, ((b'a.py', 1),), 1)], 1))
    broken('trace-of-five', Snapshot([(0, 1, traceback, 1, 1)], 1))
    broken('trace-in-a-list', Snapshot([[0, 1, traceback, 1]], 1))
    loop = []
    loop.append(loop)
    broken('list-in-itself', Snapshot(loop, 1))
    broken('nothing', b'')
    broken('not-a-pickle', b'hello\n')
    broken('protocol-6', b'\x80\x06' + good[2:])
    broken('bytes-behind', good + b'.')
    broken('cut', good[:-1])
    broken('no-value', b'\x80\x04.')
    broken('unknown-memo', b'\x80\x04h\x07.')
    broken('huge-memo', b'\x80\x02}r\xff\xff\xff\xff.')
    broken('huge-text', b'\x80\x04\x8d' + b'\xff' * 7 + b'\x7fabc')
    broken('huge-number', b'\x80\x04\x8b\xff\xff\xff\x7f12')
    broken('not-utf-8', b'\x80\x04\x8c\x02\xff\xfe.')
    broken('no-mark', b'\x80\x04t.')
    broken('tuple-below-mark', b'\x80\x04K\x01K\x02(\x86.')
    broken('append-to-nothing', b'\x80\x04Na.')


if sys.argv[1:] == ['dump']:
    real_snapshot().dump(os.path.join(FOLDER, 'python%d%d-dump.pickle' % sys.version_info[:2]))
else:
    os.makedirs(os.path.join(FOLDER, 'invalid'), exist_ok=True)
    snapshot = real_snapshot()
    for protocol in range(6):
        save('python%d%d-protocol%d.pickle' % (sys.version_info[:2] + (protocol,)), pickle.dumps(snapshot, protocol))
    save_made()
    save_broken()
