import { z } from 'zod'

const views = z.object({
  endpoints: z.array(
    z.looseObject({
      id: z.string(),
      url: z.string(),
      models: z.union([z.array(z.string()), z.literal('any')]),
      ready: z.boolean(),
      draining: z.boolean(),
      signals: z.looseObject({ inFlight: z.number(), inFlightTokens: z.number(), queuedTokens: z.number() }),
    }),
  ),
})

export type EndpointView = z.output<typeof views>['endpoints'][number]

/** What the admin interface says about the endpoints. */
export async function endpointViews(admin: string): Promise<EndpointView[]> {
  const answer = await fetch(`${admin}/api/endpoints`)
  return views.parse(await answer.json()).endpoints
}

/** Requests in flight on all endpoints together. */
export async function inFlight(admin: string): Promise<number> {
  return (await endpointViews(admin)).reduce((sum, { signals }) => sum + signals.inFlight, 0)
}

/** True when this endpoint takes requests. */
export async function isReady(admin: string, id: string): Promise<boolean> {
  return (await endpointViews(admin)).some((endpoint) => endpoint.id === id && endpoint.ready)
}
