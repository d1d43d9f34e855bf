import { Interpreter, type JinjaEnvironment } from './jinja-parts.ts'
import { TokenizerError } from './tokenizer-error.ts'

export interface TemplateLimits {
  /** Milliseconds one rendering may take on the event loop. */
  readonly milliseconds: number
  /** Statements and expressions one rendering may evaluate. */
  readonly steps: number
  /** Characters the rendering may have. */
  readonly characters: number
}

/** Evaluations between two looks at the clock. */
const CLOCK_EVERY = 256

/** Stops a rendering that goes on for too long: a loop in a template runs on the event loop like everything else. */
export class BoundedInterpreter extends Interpreter {
  readonly #limits: TemplateLimits
  readonly #until: number
  readonly #clock: () => number
  #steps = 0

  /** `clock` counts milliseconds. */
  constructor(environment: JinjaEnvironment, limits: TemplateLimits, clock: () => number) {
    super(environment)
    this.#limits = limits
    this.#clock = clock
    this.#until = clock() + limits.milliseconds
  }

  override evaluate(statement: unknown, environment: JinjaEnvironment): unknown {
    const steps = ++this.#steps
    if (steps > this.#limits.steps) throw tooMuch(`at most ${this.#limits.steps} evaluations`)
    if (steps % CLOCK_EVERY === 0 && this.#clock() > this.#until) {
      throw tooMuch(`at most ${this.#limits.milliseconds} ms of rendering`)
    }
    return super.evaluate(statement, environment)
  }
}

export function tooMuch(expected: string): TokenizerError {
  return new TokenizerError(
    'template',
    `chat template: expected ${expected}, found more; the prompt's bytes are used instead`,
  )
}
