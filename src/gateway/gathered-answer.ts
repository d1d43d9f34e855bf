import { AnswerAssembly } from '../protocol/answer-assembly.ts'
import { type Blame, blameOf } from '../protocol/stream-blame.ts'
import { streamError } from '../protocol/stream-event.ts'

/** A whole answer in one piece. */
export interface PlainReply {
  readonly status: number
  readonly headers: string[]
  readonly body: Buffer
}

/** Headers that are true of a stream alone. */
const OF_STREAMS: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'cache-control',
  'x-accel-buffering',
])

/** An answer that comes as a stream and is given to the client in one piece. */
export class GatheredAnswer {
  readonly #assembly: AnswerAssembly

  /** @param chat True for chat, false for completions. */
  constructor(chat: boolean) {
    this.#assembly = new AnswerAssembly(chat)
  }

  chunk(bytes: Uint8Array): void {
    this.#assembly.chunk(bytes)
  }

  /** True when the stream came to its own end, so that there is an answer. */
  get complete(): boolean {
    return this.#assembly.complete
  }

  /** Whom an error in the stream speaks of; undefined while there is none. */
  get blame(): Blame | undefined {
    const { failure } = this.#assembly
    return failure === undefined ? undefined : blameOf(streamError(failure['error'], failure, ''))
  }

  /** The answer, or the error as the engine would have answered with it, behind the stream's headers. */
  reply(streamHeaders: readonly string[]): PlainReply {
    const { failure } = this.#assembly
    const body = Buffer.from(failure === undefined ? this.#assembly.answer() : JSON.stringify(failure))
    const headers: string[] = []
    for (let i = 0; i + 1 < streamHeaders.length; i += 2) {
      const name = streamHeaders[i]!
      if (!OF_STREAMS.has(name.toLowerCase())) headers.push(name, streamHeaders[i + 1]!)
    }
    headers.push('Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(body.length))
    return { status: failure === undefined ? 200 : statusOf(failure), headers, body }
  }
}

function statusOf(failure: Readonly<Record<string, unknown>>): number {
  const code = Number(streamError(failure['error'], failure, '').code)
  return Number.isInteger(code) && code >= 400 && code <= 599 ? code : 500
}
