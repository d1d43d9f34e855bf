import { z } from 'zod'
import { BlockHasher } from '../prefix/block-hasher.ts'
import type { BlockKeys } from '../prefix/block-keys.ts'

/** Hexadecimal digits of one block key. */
export const KEY_DIGITS = 16

const milliseconds = z.number().nonnegative()
const count = z.int().nonnegative()

/**
 * One line of a decision log: a request as the router saw it, without any of its text. Lines stand in the order in which
 * requests ended; keys that a reader does not know are left alone.
 */
export const decisionLineSchema = z.object({
  kvasir: z.literal('decision').describe('What the line is'),
  v: z.literal(1).describe('Version of this format'),
  at: milliseconds.describe('Arrival, in milliseconds since 1970'),
  e2e: milliseconds.describe('Milliseconds from arrival to the end'),
  ttft: milliseconds.optional().describe('Milliseconds from arrival to the first content token, where it was streamed'),
  model: z.string(),
  promptTokens: count.describe('As the engine reported them, else estimated'),
  promptBytes: count.describe('Bytes of prompt text that the blocks were cut from'),
  outputTokens: count,
  cachedTokens: count.optional().describe('Prompt tokens that the engine reported as cached'),
  blocks: z
    .string()
    .regex(/^(?:[0-9a-f]{16})*$/, { error: 'expected 16 hexadecimal digits for each full block of 256 bytes' })
    .describe('Chained 64-bit keys of the full 256-byte blocks of the prompt, one after the other'),
  session: z
    .string()
    .optional()
    .describe('Hash of the conversation or user, the same for the same one until the router is started again'),
  endpoint: z.string().optional().describe('Id of the endpoint that answered'),
})

/** A parsed line. */
export type DecisionLine = z.infer<typeof decisionLineSchema>

/** A request that is to be logged. */
export interface LoggedRequest {
  /** Arrival, in milliseconds since 1970. */
  readonly at: number
  /** Milliseconds from arrival to the end. */
  readonly e2e: number
  /** Milliseconds from arrival to the first content token; undefined where it could not be seen. */
  readonly ttft: number | undefined
  readonly model: string
  readonly promptTokens: number
  readonly promptBytes: number
  readonly outputTokens: number
  readonly cachedTokens: number | undefined
  readonly blocks: BlockKeys
  /** Conversation or user as the client named it; only its hash is written. */
  readonly session: string | undefined
  readonly endpoint: string | undefined
}

/**
 * The line of a request, with a line feed at its end. It holds no text; who can guess a whole prompt up to the end of a
 * block can check the guess against the keys.
 * @param salt secret of the run, without which names of sessions cannot be guessed from their hashes
 */
export function decisionLogLine(request: LoggedRequest, salt: string): string {
  const { session, blocks, ttft, cachedTokens, endpoint } = request
  const line: DecisionLine = {
    kvasir: 'decision',
    v: 1,
    at: rounded(request.at),
    e2e: rounded(request.e2e),
    ...(ttft === undefined ? {} : { ttft: rounded(ttft) }),
    model: request.model,
    promptTokens: Math.round(request.promptTokens),
    promptBytes: request.promptBytes,
    outputTokens: request.outputTokens,
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
    blocks: hexKeys(blocks),
    ...(session === undefined ? {} : { session: hashSession(session, salt) }),
    ...(endpoint === undefined ? {} : { endpoint }),
  }
  return `${JSON.stringify(line)}\n`
}

/** Microseconds are all that clocks know. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Keys as numbers of 16 digits, the highest digit first. */
function hexKeys({ count: blocks, words }: BlockKeys): string {
  let text = ''
  for (let i = 0; i < blocks; i++) text += hexWord(words[2 * i + 1]!) + hexWord(words[2 * i]!)
  return text
}

function hexWord(word: number): string {
  return BYTES[word >>> 24]! + BYTES[(word >>> 16) & 255]! + BYTES[(word >>> 8) & 255]! + BYTES[word & 255]!
}

function hashSession(session: string, salt: string): string {
  const bytes = new TextEncoder().encode(`${salt}\n${session}`)
  const [low, high] = new BlockHasher().digest(bytes, new DataView(bytes.buffer), 0, bytes.length)
  return hexWord(high) + hexWord(low)
}
