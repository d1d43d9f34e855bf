import { z } from 'zod'
import { endpointViews } from './endpoint-views.ts'
import { eventually } from './eventually.ts'

const view = z.looseObject({ id: z.string(), rank: z.number().nullable(), prefix: z.looseObject({ mode: z.string() }) })

/** Endpoints as the admin interface shows them, as far as ranks matter. */
export async function rankViews(admin: string) {
  return (await endpointViews(admin)).map((one) => view.parse(one))
}

export async function idsAt(admin: string): Promise<string[]> {
  return (await endpointViews(admin)).map(({ id }) => id)
}

/** Waits until these are the endpoints. */
export function become(admin: string, ids: readonly string[]): Promise<true> {
  return eventually(`endpoints ${ids.join(', ')}`, async () => String(await idsAt(admin)) === String(ids))
}
