import { MODEL } from './answers.ts'

/** A chat request that can be made different from all others. */
export interface Prompt {
  readonly bytes: Buffer
  /** Makes everything from the middle of the prompt on new, without another byte being written than a few digits. */
  renew(): void
}

/** What stands where a prompt becomes its own: the number of the request. */
const PLACE = '#request-number#'
const WORDS =
  'the cache of a replica holds blocks that were computed before; const index = lookup(key) return undefined when it is not there'.split(
    ' ',
  )

let renewals = 0

/**
 * `count` chat requests of about `bytes` bytes: a system prompt and a conversation full of line breaks, as agents write
 * it. Their first half is the same in all; the second half begins with a number that `renew` changes, so that no block
 * behind it was ever seen.
 */
export function createPrompts(count: number, bytes: number, streamed: boolean): Prompt[] {
  return Array.from({ length: count }, (_, at) => createPrompt(bytes, streamed, at + 1))
}

function createPrompt(bytes: number, streamed: boolean, seed: number): Prompt {
  const shared = conversation(bytes / 2, randomFrom(0))
  const own = conversation(bytes / 2, randomFrom(seed))
  const messages = [
    { role: 'system', content: 'You are a careful assistant.\nAnswer in short sentences.\n' },
    ...shared,
    { role: 'user', content: `${PLACE}\n` },
    ...own,
    { role: 'user', content: 'What does this change?' },
  ]
  const options = streamed ? { stream: true, stream_options: { include_usage: true } } : {}
  const body = Buffer.from(JSON.stringify({ model: MODEL, max_tokens: 128, temperature: 0.7, ...options, messages }))
  const place = body.indexOf(PLACE)
  return {
    bytes: body,
    renew() {
      body.write(String(++renewals).padStart(PLACE.length, '0'), place, 'latin1')
    },
  }
}

/** Messages of up to 4 KB, by user and assistant in turn, of `bytes` bytes together. */
function conversation(bytes: number, random: () => number) {
  const messages: { role: string; content: string }[] = []
  for (let left = bytes - 200; left > 0;) {
    const content = text(Math.min(left, 4000), random)
    messages.push({ role: messages.length % 2 === 0 ? 'user' : 'assistant', content })
    left -= JSON.stringify(content).length + 32
  }
  return messages
}

/** Lines of about ten words, some of them in quotation marks. */
function text(length: number, random: () => number): string {
  let line = ''
  let lines = ''
  while (lines.length + line.length < length) {
    const word = WORDS[Math.floor(random() * WORDS.length)] ?? ''
    line += random() < 0.03 ? `"${word}" ` : `${word} `
    if (line.length < 60) continue
    lines += `${line}\n`
    line = ''
  }
  return lines + line
}

/** Numbers in [0, 1) that are the same in every run: the generator mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
