import { z } from 'zod'
import { text } from './forms.ts'
import type { policySchema } from './policy-schema.ts'
import { tokenizerSchema } from './tokenizer-schema.ts'

/** What differs for the endpoints of one model. */
export function poolSchema(policy: ReturnType<typeof policySchema>) {
  const name = () => text('the name of a model')
  return z.strictObject({
    model: name().describe('Model as its endpoints call it'),
    aliases: z.array(name()).describe('Other names under which clients may ask for it').prefault([]),
    adapters: z
      .array(text('the name of an adapter'))
      .describe('LoRA adapters that each of its endpoints loads when a request names them')
      .prefault([]),
    policy: policy
      .describe('Policy of this pool and of its adapters; the policy at the top by default')
      .exactOptional(),
    tokenizer: tokenizerSchema
      .describe('Finds out the tokens of prompts, so that what is cached is matched to the token; none by default')
      .exactOptional(),
  })
}
