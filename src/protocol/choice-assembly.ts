import { isRecord } from './json-field.ts'
import { ToolCallAssembly } from './tool-call-assembly.ts'

type Members = Readonly<Record<string, unknown>>

/** Puts one choice of a streamed answer together. */
export class ChoiceAssembly {
  finished = false
  readonly #chat: boolean
  readonly #message = new Map<string, unknown>([
    ['role', 'assistant'],
    ['content', undefined],
  ])
  readonly #toolCalls = new ToolCallAssembly()
  readonly #members = new Map<string, unknown>()
  readonly #logprobs = new Map<string, unknown>()
  readonly #text: string[] = []

  constructor(chat: boolean) {
    this.#chat = chat
  }

  /** Takes in this choice of one event. */
  take(choice: Members): void {
    for (const [name, value] of Object.entries(choice)) {
      if (name === 'delta') this.#takeDelta(value)
      else if (name === 'text') this.#text.push(typeof value === 'string' ? value : '')
      else if (name === 'logprobs') this.#takeLogprobs(value)
      else if (name !== 'index' && (value !== null || !this.#members.has(name))) this.#members.set(name, value)
    }
    this.finished ||= typeof choice['finish_reason'] === 'string'
  }

  /** The choice as it stands in a plain answer. */
  choice(index: number): object {
    const own = this.#chat ? { message: this.#wholeMessage() } : { text: this.#text.join('') }
    const logprobs = this.#logprobs.size > 0 ? { logprobs: Object.fromEntries(this.#logprobs) } : {}
    return { index, ...own, ...Object.fromEntries(this.#members), ...logprobs }
  }

  /** Log probabilities come as an object of lists, one entry a token; null where there is none. */
  #takeLogprobs(value: unknown): void {
    if (!isRecord(value)) {
      if (!this.#members.has('logprobs')) this.#members.set('logprobs', value)
      return
    }
    for (const [name, entries] of Object.entries(value)) {
      const known = this.#logprobs.get(name)
      if (Array.isArray(known) && Array.isArray(entries)) for (const entry of entries) known.push(entry)
      else if (entries !== null || known === undefined) this.#logprobs.set(name, entries)
    }
    this.#members.set('logprobs', undefined)
  }

  #takeDelta(delta: unknown): void {
    if (!isRecord(delta)) return
    for (const [name, value] of Object.entries(delta)) {
      const before = this.#message.get(name)
      if (name === 'tool_calls') this.#toolCalls.take(value)
      else if (name !== 'role' && typeof value === 'string') {
        this.#message.set(name, typeof before === 'string' ? before + value : value)
      } else if (value !== null) this.#message.set(name, value)
    }
  }

  /** An answer of tool calls alone has null for its content, any other a text. */
  #wholeMessage(): object {
    const calls = this.#toolCalls.calls()
    const content = this.#message.get('content') ?? (calls.length > 0 ? null : '')
    return {
      ...Object.fromEntries(this.#message),
      content,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    }
  }
}
