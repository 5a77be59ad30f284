// RxJS: a ReplaySubject without a bound replays everything to nobody.
import { map, ReplaySubject } from 'rxjs'
import { serve } from '../host.mjs'

function enrich(i) {
  return { i, parts: Array.from({ length: 30 }, (_, k) => ({ k })) }
}

const source = new ReplaySubject()
const enriched = new ReplaySubject()
source.pipe(map(enrich)).subscribe(enriched)
serve(async i => source.next(i))
