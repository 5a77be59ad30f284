// RxJS: subscribers come and go, and the last hundred values are replayed to them.
import { bufferCount, map, ReplaySubject, Subject, take } from 'rxjs'
import { serve } from '../host.mjs'

function enrich(i) {
  return { i, parts: Array.from({ length: 30 }, (_, k) => ({ k })) }
}

const source = new Subject()
const recent = new ReplaySubject(100)
source.pipe(map(enrich)).subscribe(recent)
serve(async i => {
  source.next(i)
  recent.pipe(bufferCount(10), take(1)).subscribe(() => {})
})
