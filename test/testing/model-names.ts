import { z } from 'zod'

const modelList = z.object({ object: z.literal('list'), data: z.array(z.looseObject({ id: z.string() })) })

/** Names in the gateway's own list of models, sorted. */
export async function modelNames(gateway: string): Promise<string[]> {
  const answer = await fetch(`${gateway}/v1/models`)
  return modelList
    .parse(await answer.json())
    .data.map(({ id }) => id)
    .sort()
}
