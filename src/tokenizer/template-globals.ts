import { tooMuch } from './bounded-interpreter.ts'
import { strftime } from './strftime.ts'
import { TokenizerError } from './tokenizer-error.ts'

const LONGEST_RANGE = 100_000

/** What a template may call, by name. `now` is the time that `strftime_now` prints. */
export function templateGlobals(now: () => Date): Record<string, unknown> {
  return {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    raise_exception: (message: unknown) => {
      throw new TokenizerError('template', `the chat template refuses the conversation: ${String(message)}`)
    },
    strftime_now: (format: unknown) => strftime(now(), String(format)),
  }
}

/** Python's `range`, as far as a template may reasonably count. */
function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop]
  if (step === 0) throw new TokenizerError('template', 'chat template: range() expects a step other than 0')
  const count = Math.max(0, Math.ceil((to - from) / step))
  if (count > LONGEST_RANGE) throw tooMuch(`a range of at most ${LONGEST_RANGE} numbers`)
  return Array.from({ length: count }, (_, i) => from + i * step)
}
