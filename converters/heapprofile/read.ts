// Reads a sampling heap profile in one pass: the state machine over its tokens.
import { JsonTokens, TOKEN, type Token } from '../../src/bytes/json-tokens.ts'
import type { Source } from '../../src/bytes/source.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import type { ReadOptions } from '../converter.ts'
import { FRAME_KEYS, type FrameKey } from './call-frames.ts'
import { Layout } from './layout.ts'
import { SEEN, Tree } from './tree.ts'
import { WRAPPERS } from './wrappers.ts'

/** What the next token is. */
const IN = {
  file: 0, // the first brace
  top: 1, // a member of the file, or its end
  head: 2, // the value of `head`
  samples: 3, // the value of `samples`
  node: 4, // a member of the innermost open node, or its end
  callFrame: 5, // the value of that
  selfSize: 6,
  id: 7,
  children: 8,
  child: 9, // a child of the innermost open node, or the end of them
  sample: 10, // a sample, or the end of them
  sampleMember: 11, // a member of a sample, or its end
  sampleValue: 12,
  skipped: 13, // in the value of an unknown key
  frameMember: 15, // the value of a member of a call frame that lies in its node
  wrapper: 14, // the value of a key that programs put around a profile
} as const

const NODE_KEYS = ['callFrame', 'selfSize', 'id', 'children'] as const
const SAMPLE_KEYS = ['size', 'nodeId', 'ordinal'] as const
/** Bits of the members that a sample must have: its ordinal is newer than the others. */
const SAMPLE_NEEDS = 3
/** A size that is negative, but not below this, did not fit 32 bits. */
const LEAST_32 = -(2 ** 31)
const MINUS = 0x2d

/** Reads the one snapshot of a file. */
export async function read(source: Source, options: ReadOptions): Promise<readonly Snapshot[]> {
  const reader = new Reader(options.samples ?? true)
  await reader.tokens.feed(source, () => reader.read())
  const { interval } = options
  const { wrappers } = reader
  return [
    reader.tree.build({
      ...(wrappers.length > 0 && {
        notes: [`the file is not the profile alone: it is in ${wrappers.join('.')}`],
      }),
      source: 'heapprofile',
      measure: 'live',
      accuracy: 'sampled',
      counts: 'estimated',
      ...(interval === undefined ? {} : { interval, intervalSource: 'given' as const }),
    }),
  ]
}

/**
 * The file as a machine over its tokens: it stops and goes on wherever a piece ends, at any depth, whatever
 * the order of members. Where the text looks as V8 writes it, `Layout` takes whole nodes and samples at once.
 */
class Reader {
  readonly tokens = new JsonTokens('heapprofile', () => this.#path())
  readonly tree: Tree
  readonly #layout: Layout
  #in: number = IN.file
  #hasHead = false
  /** Keys of the objects that the profile is in, and how deep its own keys are. */
  readonly wrappers: string[] = []
  #depth = 0
  /** Of the open nodes: the members of call frames that lie in the nodes themselves. */
  readonly #bareFrames: (Map<FrameKey, string> | undefined)[] = []
  #frameKey: FrameKey = FRAME_KEYS[0]
  #hasSamples = false
  /** The members of the current sample, and which of them were there, as bits. */
  readonly #sample = [0, 0, 0]
  #sampleKey = 0
  #sampleSeen = 0
  /** Where skipping ends, and what comes then. */
  #skipDepth = 0
  #afterSkip: number = IN.top

  constructor(samples: NonNullable<ReadOptions['samples']>) {
    this.tree = new Tree(this.tokens, samples)
    this.#layout = new Layout(this.tokens, this.tree)
  }

  /** Reads as far as the bytes go. */
  read(): void {
    const { tokens } = this
    for (;;) {
      if (this.#in === IN.child) this.#layout.readNodes()
      else if (this.#in === IN.sample) this.#layout.readSamples()
      else if (this.#in === IN.callFrame) {
        if (!this.#callFrame()) return
        continue
      }
      const token = tokens.next()
      if (token === TOKEN.more) return
      if (token === TOKEN.end) {
        if (!this.#hasHead) tokens.fail('malformed', 'no head')
        return
      }
      this.#take(token)
    }
  }

  #take(token: Token): void {
    switch (this.#in) {
      case IN.file:
        this.#expect(token, TOKEN.object, 'an object', IN.top)
        break
      case IN.top:
        if (token === TOKEN.key) this.#topKey()
        break
      case IN.wrapper:
        this.#wrapped(token)
        break
      case IN.samples:
        this.#expect(token, TOKEN.array, 'an array', IN.sample)
        break
      case IN.node:
        if (token === TOKEN.key) this.#nodeKey()
        else this.#closeNode()
        break
      case IN.frameMember:
        this.#frameMember(token)
        break
      case IN.selfSize:
      case IN.id:
        this.#nodeNumber(token)
        break
      case IN.children:
        this.#expect(token, TOKEN.array, 'an array', IN.child)
        break
      case IN.head:
      case IN.child:
        if (this.#in === IN.child && token === TOKEN.arrayEnd) this.#in = IN.node
        else this.#openNode(token)
        break
      case IN.sample:
        if (token === TOKEN.arrayEnd) this.#in = IN.top
        else this.#openSample(token)
        break
      case IN.sampleMember:
        if (token === TOKEN.key) this.#sampleMember()
        else this.#closeSample()
        break
      case IN.sampleValue:
        this.#sampleValue(token)
        break
      default:
        if (this.tokens.depth === this.#skipDepth) this.#in = this.#afterSkip
    }
  }

  #expect(token: Token, wanted: Token, what: string, then = this.#in): void {
    if (token !== wanted) this.tokens.fail('malformed', `${what} expected`, this.#start(token))
    this.#in = then
  }

  /** Where the token that was read begins. */
  #start(token: Token): number {
    const { from, at } = this.tokens
    return token === TOKEN.string ? from - 1 : token >= TOKEN.number ? from : at - 1
  }

  #skip(): void {
    this.#skipDepth = this.tokens.depth
    this.#afterSkip = this.#in
    this.#in = IN.skipped
  }

  #topKey(): void {
    const { tokens } = this
    const isOurs = this.#depth === 0 || this.#depth === tokens.depth
    if (isOurs && tokens.is('head')) {
      if (this.#hasHead) tokens.fail('malformed', 'a second head', tokens.from - 1)
      this.#hasHead = true
      this.#in = IN.head
    } else if (isOurs && tokens.is('samples')) {
      if (this.#hasSamples) tokens.fail('malformed', 'a second samples', tokens.from - 1)
      this.#hasSamples = true
      this.#in = IN.samples
    } else if (this.#depth === 0 && WRAPPERS.some(key => tokens.is(key))) {
      this.wrappers.length = tokens.depth - 1
      this.wrappers.push(tokens.text())
      this.#in = IN.wrapper
      return
    } else {
      this.#skip()
      return
    }
    this.#depth = tokens.depth
    this.wrappers.length = tokens.depth - 1
  }

  /** The value of a key that may have the profile in it. */
  #wrapped(token: Token): void {
    this.#in = IN.top
    if (token !== TOKEN.array) return
    this.#skip()
    this.#skipDepth--
  }

  #openNode(token: Token): void {
    this.#expect(token, TOKEN.object, 'an object', IN.node)
    this.tree.open()
  }

  #nodeKey(): void {
    const { tokens, tree } = this
    const key = NODE_KEYS.findIndex(name => tokens.is(name))
    const top = tree.depth - 1
    if (key < 0) {
      const member = tree.seen[top] & SEEN.callFrame ? -1 : FRAME_KEYS.findIndex(name => tokens.is(name))
      if (member < 0) this.#skip()
      else {
        this.#frameKey = FRAME_KEYS[member]
        this.#in = IN.frameMember
      }
      return
    }
    if (tree.seen[top] & (1 << key)) {
      tokens.fail('malformed', `a second ${NODE_KEYS[key]}`, tokens.from - 1)
    }
    tree.seen[top] |= 1 << key
    this.#in = IN.callFrame + key
  }

  /** A member of a call frame that lies in its node, as the first profiles had it. */
  #frameMember(token: Token): void {
    if (token !== TOKEN.string && token !== TOKEN.number)
      this.#expect(token, TOKEN.string, 'a text or a number')
    const { tokens, tree } = this
    const text = token === TOKEN.string ? tokens.text() : `${tokens.integer(LEAST_32)}`
    ;(this.#bareFrames[tree.depth - 1] ??= new Map()).set(this.#frameKey, text)
    this.#in = IN.node
  }

  #callFrame(): boolean {
    const { tokens, tree } = this
    if (!tokens.span()) return false
    tree.setFrame(this.#layout.intern(tokens.from, tokens.to))
    this.#in = IN.node
    return true
  }

  #nodeNumber(token: Token): void {
    const { tokens, tree } = this
    const isSize = this.#in === IN.selfSize
    this.#expect(token, TOKEN.number, 'a number')
    if (isSize && tokens.bytes[tokens.from] === MINUS && tokens.integer(LEAST_32) < 0)
      tokens.fail(
        'malformed',
        `a size below 0 (${tokens.integer(LEAST_32)}): a 32-bit overflow in its writer`,
        tokens.from,
      )
    ;(isSize ? tree.size : tree.id)[tree.depth - 1] = tokens.integer(0)
    this.#in = IN.node
  }

  #closeNode(): void {
    const { tokens, tree } = this
    const top = tree.depth - 1
    const bare = this.#bareFrames[top]
    if (bare) {
      this.#bareFrames[top] = undefined
      if (bare.has('functionName') && !(tree.seen[top] & SEEN.callFrame)) {
        tree.setFrame(tree.callFrames.internBare(bare, tokens.base + tokens.at - 1))
        tree.seen[top] |= SEEN.callFrame
      }
    }
    const seen = tree.seen[top]
    if ((seen & SEEN.needed) !== SEEN.needed) {
      const missing = NODE_KEYS.filter((_, i) => SEEN.needed & ~seen & (1 << i))
      tokens.fail('malformed', `a node without ${missing.join(', ')}`, tokens.at - 1)
    }
    tree.close()
    this.#in = tree.depth === 0 ? IN.top : IN.child
  }

  #openSample(token: Token): void {
    this.#expect(token, TOKEN.object, 'an object', IN.sampleMember)
    this.#sampleSeen = 0
  }

  #sampleMember(): void {
    const { tokens } = this
    const key = SAMPLE_KEYS.findIndex(name => tokens.is(name))
    if (key < 0) {
      this.#skip()
      return
    }
    if (this.#sampleSeen & (1 << key)) {
      tokens.fail('malformed', `a second ${SAMPLE_KEYS[key]}`, tokens.from - 1)
    }
    this.#sampleSeen |= 1 << key
    this.#sampleKey = key
    this.#in = IN.sampleValue
  }

  #sampleValue(token: Token): void {
    this.#expect(token, TOKEN.number, 'a number')
    this.#sample[this.#sampleKey] = this.tokens.integer(0)
    this.#in = IN.sampleMember
  }

  #closeSample(): void {
    if ((this.#sampleSeen & SAMPLE_NEEDS) !== SAMPLE_NEEDS) {
      const missing = SAMPLE_KEYS.filter((_, i) => SAMPLE_NEEDS & ~this.#sampleSeen & (1 << i))
      this.tokens.fail('malformed', `a sample without ${missing.join(', ')}`, this.tokens.at - 1)
    }
    const [size, node, ordinal] = this.#sample
    this.tree.addSample(node, size, this.#sampleSeen & 4 ? ordinal : 0)
    this.#in = IN.sample
  }

  #path(): string {
    if (this.#in >= IN.sample && this.#in <= IN.sampleValue) {
      const member = this.#in === IN.sampleValue ? `.${SAMPLE_KEYS[this.#sampleKey]}` : ''
      return `samples[${this.tree.samples}]${member}`
    }
    if (this.tree.depth === 0) return this.#in === IN.head ? 'head' : this.#in === IN.samples ? 'samples' : ''
    const isValue = this.#in >= IN.selfSize && this.#in <= IN.children
    return this.tree.path() + (isValue ? `.${NODE_KEYS[this.#in - IN.callFrame]}` : '')
  }
}
