import type { SchedulingRequest } from '../core/request.ts'
import { PromptKeys } from '../prefix/prompt-keys.ts'
import type { TokenKeys } from '../prefix/token-block-keys.ts'

/** Prompts that are looked at together, and how many of them may have another number of tokens at the engine. */
const WINDOW = 16
const TOLERATED = 4

interface Counted<Source> {
  readonly source: Source
  readonly tokens: number
}

interface Window {
  looked: number
  wrong: number
}

/**
 * Compares how many tokens were found of prompts with how many their engines report. The self-check asks about conversations
 * of ours; settings of an engine that only show in those of clients come out here.
 */
export class TokenCounts<Source extends object> {
  readonly #counted = new WeakMap<readonly TokenKeys[], Counted<Source>>()
  readonly #windows = new WeakMap<Source, Map<string, Window>>()

  /** All tokens of a prompt were found, and cut into these keys. */
  found(source: Source, keys: readonly TokenKeys[], tokens: number): void {
    this.#counted.set(keys, { source, tokens })
  }

  /**
   * What an endpoint's engine counted of a request. Returns what found the tokens, and why, when too many prompts were
   * counted otherwise.
   */
  reported(
    endpoint: string,
    { blocks }: SchedulingRequest,
    tokens: number,
  ): { readonly source: Source; readonly why: string } | undefined {
    const counted = blocks instanceof PromptKeys ? this.#counted.get(blocks.tokenKeys) : undefined
    if (counted === undefined) return undefined
    const { source } = counted
    const windows = this.#windows.get(source) ?? new Map<string, Window>()
    const window = windows.get(endpoint) ?? { looked: 0, wrong: 0 }
    this.#windows.set(source, windows.set(endpoint, window))
    window.looked++
    if (counted.tokens !== tokens) window.wrong++
    const tooMany = window.wrong > TOLERATED
    if (!tooMany && window.looked < WINDOW) return undefined
    windows.delete(endpoint)
    if (!tooMany) return undefined
    const counts = `${window.wrong} of ${window.looked} prompts had other counts in its usage`
    return { source, why: `${counts}, the last one ${tokens} tokens where ${counted.tokens} were found` }
  }
}
