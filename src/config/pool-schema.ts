import { z } from 'zod'
import { text } from './forms.ts'
import type { policySchema } from './policy-schema.ts'

/** What differs for the endpoints of one model. */
export function poolSchema(policy: ReturnType<typeof policySchema>) {
  const name = () => text('the name of a model')
  return z.strictObject({
    model: name().describe('Model as its endpoints call it'),
    aliases: z.array(name()).describe('Other names under which clients may ask for it').prefault([]),
    policy: policy.describe('Policy of this pool; the policy at the top by default').exactOptional(),
  })
}
