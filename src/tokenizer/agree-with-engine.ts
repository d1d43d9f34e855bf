import type { ChatTemplateOptions } from './chat-template.ts'
import type { RemoteEngine } from './engine-tokens.ts'
import { createPromptTokenizer, type PromptTokenizer, type PromptTokenizerOptions } from './prompt-tokenizer.ts'
import type { RemoteTokenizer } from './remote-tokenizer.ts'
import { selfCheck, type SelfCheck, type SelfCheckOptions } from './self-check.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { TokenizerSpec } from './tokenizer-spec.ts'

/** What came of looking for settings under which our tokens are the engine's. */
export interface Agreement {
  /** Of the settings that agree, or of the first ones where none does. */
  readonly prompts: PromptTokenizer
  /** What was changed to agree. */
  readonly variant: ChatTemplateOptions
  readonly check: SelfCheck
}

/** What engines of a kind do differently from one version or flag to the next, likeliest first. */
function variantsOf(engine: RemoteEngine): ChatTemplateOptions[] {
  const thinking = [{}, { kwargs: { enable_thinking: false } }, { kwargs: { enable_thinking: true } }]
  if (engine === 'llama.cpp') {
    const forms = ['prefill', 'closed'] as const
    const shape = { missing: 'empty-part' } as const
    return forms.flatMap((lastAssistant) => thinking.map((kwargs) => ({ lastAssistant, shape, ...kwargs })))
  }
  const forms = engine === 'vllm' ? (['filled', 'given'] as const) : (['given', 'filled'] as const)
  return forms.flatMap((tools) => thinking.map((kwargs) => ({ tools, ...kwargs })))
}

/**
 * Runs the self-check under one variant after the other until one agrees. The options given win over those of a variant. The
 * remote's memory is what makes further variants cheap: the engine is asked once per prompt.
 */
export async function agreeWithEngine(
  tokenizer: Tokenizer,
  spec: TokenizerSpec,
  engine: RemoteTokenizer,
  options: PromptTokenizerOptions & Pick<SelfCheckOptions, 'model' | 'signal' | 'prompts'> = {},
): Promise<Agreement> {
  let first: Agreement | undefined
  for (const variant of variantsOf(engine.engine)) {
    const kwargs = { ...variant.kwargs, ...options.kwargs }
    const shape = { ...variant.shape, ...options.shape }
    const prompts = createPromptTokenizer(tokenizer, spec, { ...variant, ...options, kwargs, shape })
    const agreement = { prompts, variant, check: await selfCheck(prompts, engine, options) }
    if (agreement.check.agreed) return agreement
    first ??= agreement
    const compared = agreement.check.checks.some(({ result }) => result === 'different')
    if (!compared) break
  }
  if (first === undefined) throw new Error(`no variant is known for engine '${engine.engine}'`)
  return first
}
