import { ChoiceAssembly } from './choice-assembly.ts'
import { field, isRecord, parsedJson } from './json-field.ts'
import { createSseReader } from './sse-reader.ts'
import { fieldsOf } from './stream-event.ts'

/** Longest event of a stream that is put together; nothing an engine writes in one step comes near it. */
const EVENT_LIMIT_BYTES = 64 * 1024 * 1024

/** Order in which llama.cpp writes the members of a plain answer. */
const MEMBERS = ['choices', 'created', 'model', 'system_fingerprint', 'object', 'usage', 'id']

/**
 * Puts the events of a streamed chat or completions answer together to the answer that the engine would have given in
 * one piece: texts, arguments of tool calls and log probabilities are joined, of everything else the last word counts.
 */
export class AnswerAssembly {
  /** The event in which the engine reported an error, as it wrote it. */
  failure: Readonly<Record<string, unknown>> | undefined
  readonly #chat: boolean
  readonly #members = new Map<string, unknown>(MEMBERS.map((name) => [name, undefined]))
  readonly #choices = new Map<number, ChoiceAssembly>()
  readonly #reader = createSseReader(EVENT_LIMIT_BYTES, (lines) => this.#read(lines))
  #ended = false

  /** @param chat True for chat, false for completions. */
  constructor(chat: boolean) {
    this.#chat = chat
  }

  /** Takes in the next bytes, cut anywhere. */
  chunk(bytes: Uint8Array): void {
    this.#reader.read(bytes)
  }

  /** True when the stream came to its own end: its end mark, or a reason to finish for every choice. */
  get complete(): boolean {
    const choices = [...this.#choices.values()]
    return choices.length > 0 && choices.every(({ finished }) => this.#ended || finished)
  }

  /** The whole answer as JSON text. */
  answer(): string {
    const choices = [...this.#choices].toSorted(([a], [b]) => a - b).map(([index, choice]) => choice.choice(index))
    return JSON.stringify({ ...Object.fromEntries(this.#members), choices })
  }

  #read(lines: string): boolean {
    const { data } = fieldsOf(lines)
    if (data === '[DONE]') this.#ended = true
    const payload = data === '' ? undefined : parsedJson(data)
    if (isRecord(payload)) this.#take(payload)
    return false
  }

  #take(payload: Readonly<Record<string, unknown>>): void {
    if (payload['error']) this.failure ??= payload
    for (const [name, value] of Object.entries(payload)) {
      if (name === 'choices') this.#takeChoices(value)
      else if (name === 'object') this.#members.set(name, plainObject(value))
      else if (value !== null || this.#members.get(name) === undefined) this.#members.set(name, value)
    }
  }

  #takeChoices(choices: unknown): void {
    if (!Array.isArray(choices)) return
    for (const choice of choices) {
      const named = field(choice, 'index')
      const index = typeof named === 'number' ? named : 0
      let assembly = this.#choices.get(index)
      if (assembly === undefined) this.#choices.set(index, (assembly = new ChoiceAssembly(this.#chat)))
      if (isRecord(choice)) assembly.take(choice)
    }
  }
}

function plainObject(name: unknown): unknown {
  return typeof name === 'string' && name.endsWith('.chunk') ? name.slice(0, -'.chunk'.length) : name
}
