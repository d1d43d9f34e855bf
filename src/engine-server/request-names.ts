import { z } from 'zod'

const named = z.object({ rid: z.union([z.string(), z.array(z.string())]) })

/** The names under which SGLang can be told to end a request: its `rid`, or one for each of its prompts. */
export function requestNames(json: unknown): readonly string[] {
  const { data } = named.safeParse(json)
  return data === undefined ? [] : [data.rid].flat()
}
