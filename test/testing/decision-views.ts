import { z } from 'zod'

const decision = z.looseObject({
  request: z.string(),
  model: z.string(),
  policy: z.string(),
  reason: z.string(),
  endpoint: z.string(),
  promptTokens: z.number(),
  matchedTokens: z.number(),
  unit: z.string(),
  candidates: z.array(
    z.strictObject({
      endpoint: z.string(),
      cost: z.number(),
      matchedTokens: z.number(),
      terms: z.record(z.string(), z.number()),
    }),
  ),
})

export type DecisionView = z.output<typeof decision>

/** The last decisions, newest first, as the admin interface shows them. */
export async function decisionViews(admin: string, limit = 100): Promise<DecisionView[]> {
  const answer = await fetch(`${admin}/api/decisions?limit=${limit}`)
  return z.object({ decisions: z.array(decision) }).parse(await answer.json()).decisions
}

/** What the router would decide for this body. */
export async function explain(admin: string, body: string, path?: string): Promise<DecisionView> {
  const query = path === undefined ? '' : `?path=${encodeURIComponent(path)}`
  const answer = await fetch(`${admin}/api/explain${query}`, { method: 'POST', body })
  return decision.parse(await answer.json())
}
