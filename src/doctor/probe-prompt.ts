const WORDS =
  'able acid aged also area army away baby back ball band bank base bath bear beat bell belt bird blue boat body bone book born both bowl bulk burn bush busy cake calm card care case cash cast cell chat chip city club coal coat code cold come cook cool cope copy core cost crew crop dark data dawn days dead deal dear debt deep desk'.split(
    ' ',
  )

/** The request that every endpoint gets alike, so that the counts of its tokens can be compared. */
export const GREETING = 'Say hello in one word. ÆØÅ 漢字 1234567 👋'

/** Text on which tokenizers tend to differ. */
export const AWKWARD_TEXT = `${GREETING} naïve\t\tcafé  3.14159\r\n if (a<b) {\n\treturn 'x'\n} ${'a'.repeat(40)}`

/**
 * A prompt of about this many bytes that begins with the nonce, so that nobody has seen it before, and goes on in short
 * words, about a token each with usual tokenizers. The same nonce gives the same prompt.
 */
export function probePrompt(nonce: string, bytes: number): string {
  let state = 2_166_136_261
  for (const character of nonce) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16_777_619)
  const words = [`${nonce} `]
  let length = nonce.length + 1
  while (length < bytes) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const word = WORDS[(state >>> 16) % WORDS.length] ?? 'able'
    words.push(word)
    length += word.length + 1
  }
  return words.join(' ')
}

/** Bytes of a long prompt when little is known. Some thousand tokens at worst, one a byte. */
const USUAL_BYTES = 4000
/** Blocks that a prompt should fill at least, at about four bytes a token. */
const BLOCKS = 3
const BYTES_PER_TOKEN = 4
const MOST_BYTES = 64_000

/** How long a prompt may and must be to fill some blocks of an endpoint, in bytes. */
export function probeBytes(blockSize: number | undefined, contextTokens: number | undefined): number {
  const wanted = Math.max(USUAL_BYTES, (blockSize ?? 0) * BLOCKS * BYTES_PER_TOKEN)
  // At one token a byte, half of the context must do.
  const room = wanted === USUAL_BYTES ? (contextTokens ?? 2 * USUAL_BYTES) / 2 : (contextTokens ?? MOST_BYTES) * 2
  return Math.floor(Math.max(64, Math.min(wanted, room, MOST_BYTES)))
}
