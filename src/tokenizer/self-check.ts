import { AWKWARD_PROMPTS, type AwkwardPrompt } from './awkward-prompts.ts'
import type { PromptTokenizer } from './prompt-tokenizer.ts'
import type { RemoteTokenizer } from './remote-tokenizer.ts'
import { messageOf } from './tokenizer-error.ts'

/** What became of one prompt. */
export type PromptCheck =
  | { readonly name: string; readonly result: 'same'; readonly tokens: number }
  | { readonly name: string; readonly result: 'different'; readonly reason: string }
  | { readonly name: string; readonly result: 'skipped'; readonly reason: string }

/** Whether our tokens are the engine's; where they are not, exact mode must be off. */
export interface SelfCheck {
  readonly agreed: boolean
  /** One sentence for a log. */
  readonly reason: string
  readonly checks: readonly PromptCheck[]
}

export interface SelfCheckOptions {
  readonly prompts?: readonly AwkwardPrompt[]
  /** The model's name in the requests. */
  readonly model?: string
  readonly signal?: AbortSignal
}

/**
 * Compares our tokens of awkward conversations with the engine's own, id by id. A prompt that one side refuses is left out
 * (we then use bytes for it, or nobody gets an answer); at least half of them must have been compared to agree. Rejects only
 * with the reason of the signal.
 */
export async function selfCheck(
  ours: PromptTokenizer,
  engine: RemoteTokenizer,
  options: SelfCheckOptions = {},
): Promise<SelfCheck> {
  const { prompts = AWKWARD_PROMPTS, model, signal } = options
  const checks: PromptCheck[] = []
  for (const { name, body } of prompts) {
    const text = JSON.stringify(model === undefined ? body : { model, ...body })
    checks.push(await checkPrompt(name, text, ours, engine, signal))
  }
  return verdict(checks)
}

function verdict(checks: readonly PromptCheck[]): SelfCheck {
  const same = checks.filter(({ result }) => result === 'same').length
  const different = checks.find(({ result }) => result === 'different')
  const skipped = checks.find(({ result }) => result === 'skipped')
  if (different !== undefined && different.result === 'different') {
    const { name, reason } = different
    return { agreed: false, reason: `prompt '${name}': ${reason}; exact tokens must stay off for this engine`, checks }
  }
  if (same === 0 || 2 * same < checks.length) {
    const why = skipped !== undefined && skipped.result === 'skipped' ? `: ${skipped.name}: ${skipped.reason}` : ''
    return { agreed: false, reason: `only ${same} of ${checks.length} prompts could be compared${why}`, checks }
  }
  return { agreed: true, reason: `${same} of ${checks.length} prompts compared, all tokens are the engine's`, checks }
}

async function checkPrompt(
  name: string,
  body: string,
  ours: PromptTokenizer,
  engine: RemoteTokenizer,
  signal: AbortSignal | undefined,
): Promise<PromptCheck> {
  const mine = await ours.chat(body, signal)
  if (!mine.exact) return { name, result: 'skipped', reason: mine.reason }
  let theirs: Uint32Array
  try {
    theirs = await engine.chat(body, signal)
  } catch (error) {
    signal?.throwIfAborted()
    return { name, result: 'skipped', reason: messageOf(error) }
  }
  const at = firstDifference(mine.tokens, theirs)
  if (at === undefined) return { name, result: 'same', tokens: theirs.length }
  const reason = `expected the engine's ${theirs.length} tokens, found ${mine.tokens.length}; at ${at}: theirs ${window(theirs, at)}, ours ${window(mine.tokens, at)}`
  return { name, result: 'different', reason }
}

/** Where two lists of ids differ; undefined where they do not. */
export function firstDifference(a: Uint32Array, b: Uint32Array): number | undefined {
  const length = Math.max(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i
  return undefined
}

function window(ids: Uint32Array, at: number): string {
  return `[${ids.subarray(at, at + 4).join(' ')}${at + 4 < ids.length ? ' ...' : ''}]`
}
