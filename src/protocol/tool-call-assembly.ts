import { field, isRecord } from './json-field.ts'

interface Call {
  readonly members: Map<string, unknown>
  readonly called: Map<string, unknown>
  arguments: string
}

/** Puts the tool calls of a streamed message together: each event adds to the arguments of calls named by `index`. */
export class ToolCallAssembly {
  readonly #calls = new Map<number, Call>()

  /** Takes in the `tool_calls` of one delta. */
  take(deltas: unknown): void {
    if (!Array.isArray(deltas)) return
    for (const delta of deltas) {
      const index = field(delta, 'index')
      if (isRecord(delta)) this.#takeOne(typeof index === 'number' ? index : 0, delta)
    }
  }

  /** The calls as they stand in a plain message. */
  calls(): object[] {
    return [...this.#calls]
      .toSorted(([a], [b]) => a - b)
      .map(([, { members, called, arguments: text }]) => ({
        ...Object.fromEntries(members),
        function: { ...Object.fromEntries(called), arguments: text },
      }))
  }

  #takeOne(index: number, delta: Readonly<Record<string, unknown>>): void {
    let call = this.#calls.get(index)
    if (call === undefined) {
      call = { members: new Map([['type', 'function']]), called: new Map(), arguments: '' }
      this.#calls.set(index, call)
    }
    for (const [name, value] of Object.entries(delta)) {
      if (name === 'function') takeFunction(call, value)
      else if (name !== 'index' && value !== null) call.members.set(name, value)
    }
  }
}

function takeFunction(call: Call, value: unknown): void {
  if (!isRecord(value)) return
  for (const [name, part] of Object.entries(value)) {
    if (name === 'arguments') call.arguments += typeof part === 'string' ? part : ''
    else if (part !== null) call.called.set(name, part)
  }
}
