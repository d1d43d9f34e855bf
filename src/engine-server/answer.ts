import { TOKEN_BYTES } from './prompt-writer.ts'
import type { PromptWriter } from './prompt-writer.ts'
import type { AnswerWords } from './words.ts'
import { BUILT_IN_WORDS } from './words.ts'

/** A function the answer calls instead of saying something. */
export interface ToolCall {
  readonly name: string
  /** Its arguments as compact JSON of ASCII characters. */
  readonly arguments: string
}

/** The tokens of one answer. */
export interface Answer {
  /** Tokens there are; Infinity for text, which goes on as long as it may. */
  readonly tokens: number
  /** Set when the answer calls a function; the text of its tokens then is the function's arguments. */
  readonly tool: string | undefined
  /** What the token at `index` adds to the text. */
  text(index: number): string
  /** Writes the first `count` tokens to where the prompt ends. */
  write(writer: PromptWriter, count: number): void
}

/** A text of words that follow from the seed. The first token also carries what the prompt's last token lacked. */
export function textAnswer(seed: number, filler: string, words: AnswerWords = BUILT_IN_WORDS): Answer {
  return {
    tokens: Infinity,
    tool: undefined,
    text: (index) => (index === 0 ? filler + words.word(seed, 0) : words.word(seed, index)),
    write(writer, count) {
      writer.reserve(count * TOKEN_BYTES)
      for (let index = 0; index < count; index++) writer.token(words.token(seed, index))
    },
  }
}

/** A function call, whose tokens are those of the call in a rendered prompt, or `pieceToken` of every four bytes of it. */
export function toolAnswer({ name, arguments: json }: ToolCall, pieceToken?: (bytes: number) => number): Answer {
  const start = toolCallText({ name, arguments: '' }).length - TOOL_CALL_END.length
  const rendered = toolCallText({ name, arguments: json })
  const padded = rendered.padEnd(Math.ceil(rendered.length / TOKEN_BYTES) * TOKEN_BYTES)
  return {
    tokens: padded.length / TOKEN_BYTES,
    tool: name,
    text(index) {
      const from = index * TOKEN_BYTES - start
      return json.slice(Math.max(from, 0), Math.max(from + TOKEN_BYTES, 0))
    },
    write(writer, count) {
      const from = writer.length
      writer.text(padded.slice(0, count * TOKEN_BYTES))
      if (pieceToken === undefined) return
      const pieces = writer.tokens().slice(from / TOKEN_BYTES)
      writer.truncate(from)
      for (const piece of pieces) writer.token(pieceToken(piece))
    },
  }
}

const TOOL_CALL_END = '}</tool_call>'

/** A function call as it stands in a rendered prompt. */
export function toolCallText({ name, arguments: json }: ToolCall): string {
  return `<tool_call>{"name":${JSON.stringify(name)},"arguments":${json}${TOOL_CALL_END}`
}
