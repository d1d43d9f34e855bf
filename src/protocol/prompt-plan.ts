import { ABSENT, type JsonTape, NUMBER } from './json-tape.ts'
import { FieldFault } from './request-format-error.ts'

/**
 * Bytes that open the parts of the canonical prompt. Canonical JSON text holds no byte below 0x20, so a mark is never
 * taken for text. A part needs no end, unless it holds others: whatever follows it cannot change the bytes before.
 */
export const MARK = {
  message: 1,
  name: 2,
  text: 3,
  image: 4,
  audio: 5,
  video: 6,
  file: 7,
  call: 8,
  result: 9,
  refusal: 10,
  tool: 11,
  schema: 12,
  member: 13,
  value: 14,
  setting: 15,
  prompt: 16,
  suffix: 17,
  query: 18,
  document: 19,
  item: 20,
  arguments: 21,
  end: 22,
} as const
export type Mark = (typeof MARK)[keyof typeof MARK]

/** What a step of a plan feeds after its mark. */
export const STEP = { mark: 0, range: 1, string: 2, json: 3, blob: 4, escapedBlob: 5, tokenIds: 6, literal: 7 } as const
/** Integers in a step: kind and mark (shifted by MARK_SHIFT), then start and end in the body or the literal's index. */
export const STEP_WORDS = 3
export const MARK_SHIFT = 8

/** Words that a plan feeds without their standing in the body. */
export const LITERALS = [
  'system',
  'user',
  'assistant',
  'tool',
  'chat_template',
  'chat_template_kwargs',
  'documents',
  'reasoning_effort',
  'previous_response_id',
  'conversation',
  'prompt',
] as const
export type Literal = (typeof LITERALS)[number]
const LITERAL_INDEX = new Map<string, number>(LITERALS.map((word, index) => [word, index]))

/** What of a body makes up its prompt, in the order of the rendered prompt: byte ranges, not copies. */
export interface PromptPlan {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** STEP_WORDS integers a step. A plain array: a typed one of this size costs more to make than to fill. */
  readonly steps: readonly number[]
  /** Prompts of the request: above 1, only the first one is in `steps`. */
  readonly prompts: number
  /** Bytes of the prompts after the first. */
  readonly otherBytes: number
  /** True when the first prompt is token ids. */
  readonly tokenIds: boolean
  /** Tokens of all prompts, where all are token ids. */
  readonly promptTokens: number | undefined
  /** Images, audio clips, videos and files in the prompt. */
  readonly media: number
}

/** Takes down the plan of one request after another. */
export class PlanWriter {
  readonly tape: JsonTape
  private steps: number[] = []
  private media = 0
  private prompts = 0
  private otherBytes = 0
  private tokens = 0
  private idPrompts = 0
  private idsFirst = false

  constructor(tape: JsonTape) {
    this.tape = tape
  }

  begin(): void {
    this.steps = []
    this.media = 0
    this.prompts = 0
    this.otherBytes = 0
    this.tokens = 0
    this.idPrompts = 0
    this.idsFirst = false
  }

  finish(): PromptPlan {
    const { bytes, view } = this.tape
    return {
      bytes,
      view,
      steps: this.steps,
      prompts: Math.max(1, this.prompts),
      otherBytes: this.otherBytes,
      tokenIds: this.idsFirst,
      promptTokens: this.idsFirst && this.idPrompts === this.prompts ? this.tokens : undefined,
      media: this.media,
    }
  }

  mark(mark: Mark): void {
    this.step(STEP.mark, mark, 0, 0)
  }

  literal(mark: Mark, word: Literal): void {
    this.step(STEP.literal, mark, LITERAL_INDEX.get(word) ?? 0, 0)
  }

  /** A string; nothing at all where it is absent. */
  string(mark: Mark, node: number): void {
    if (node === ABSENT) return
    const kind = this.tape.isCanonical(node) ? STEP.range : STEP.string
    this.step(kind, mark, this.tape.start(node), this.tape.stop(node))
  }

  /** A text; nothing at all where it is absent or empty, because an empty text renders as none. */
  text(mark: Mark, node: number): void {
    if (node !== ABSENT && this.tape.stop(node) > this.tape.start(node)) this.string(mark, node)
  }

  /** Any value, as JSON. */
  value(mark: Mark, node: number): void {
    if (node === ABSENT) return
    const { tape } = this
    const quotes = tape.isString(node) ? 1 : 0
    const kind = tape.isCanonical(node) ? STEP.range : STEP.json
    this.step(kind, mark, tape.start(node) - quotes, tape.stop(node) + quotes)
  }

  /** A URL, base64 data or an id of something that is no text: enters as its 64-bit digest. */
  blob(mark: Mark, node: number): void {
    this.media++
    const kind = this.tape.isCanonical(node) ? STEP.blob : STEP.escapedBlob
    this.step(kind, mark, this.tape.start(node), this.tape.stop(node))
  }

  /** An object's members but for the ignored ones, by name, so that their order in the body does not matter. */
  members(object: number, ignored: ReadonlySet<string>): void {
    const { tape } = this
    const keys = new Map<string, number>()
    const end = tape.next(object)
    for (let key = tape.first(object); key < end; key = tape.next(tape.next(key))) {
      const name = tape.string(key)
      if (!ignored.has(name)) keys.set(name, key)
    }
    for (const name of [...keys.keys()].sort()) {
      const key = keys.get(name) ?? ABSENT
      this.string(MARK.member, key)
      this.value(MARK.value, tape.next(key))
    }
  }

  /** A prompt of its own, a string or an array of token ids. Only the first one is hashed, the others are counted. */
  prompt(node: number): void {
    const isString = this.tape.isString(node)
    const first = this.prompts++ === 0
    if (!isString) this.countTokens(node, first)
    else if (first) this.string(MARK.prompt, node)
    else this.otherBytes += this.tape.stop(node) - this.tape.start(node)
  }

  private countTokens(array: number, first: boolean): void {
    const { tape } = this
    let tokens = 0
    const end = tape.next(array)
    for (let node = tape.first(array); node < end; node = tape.next(node)) {
      if (tape.kind(node) !== NUMBER || !tape.isNatural(node))
        throw new FieldFault(node, 'token ids, which are whole numbers')
      tokens += tape.count(node)
    }
    this.tokens += tokens
    this.idPrompts++
    if (!first) this.otherBytes += 4 * tokens
    else {
      this.idsFirst = true
      this.step(STEP.tokenIds, 0, tape.start(array), tape.stop(array))
    }
  }

  private step(kind: number, mark: number, start: number, end: number): void {
    this.steps.push(kind | (mark << MARK_SHIFT), start, end)
  }
}
