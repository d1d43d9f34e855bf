import { z } from 'zod'
import { dataParallelRank } from './data-parallel-rank.ts'
import { endpointUrl, hostAndPort } from './endpoint-url.ts'
import type { Environment } from './environment.ts'
import { eventConflicts } from './event-conflicts.ts'
import { type ConfigPath, showPath, showValue } from './problem.ts'
import { pullConflicts } from './pull-conflicts.ts'
import { rankConflicts } from './rank-conflicts.ts'
import { missingVariables } from './variables.ts'

/** A conflict between values that are fine by themselves. */
export interface Conflict {
  readonly path: ConfigPath
  readonly message: string
  readonly hint?: string
}

const endpointShape = z.union([
  endpointUrl().transform((url) => ({
    url,
    id: undefined,
    models: [],
    headers: {},
    ranks: 1,
    kvEvents: { rank: undefined },
    bare: true,
  })),
  z.looseObject({
    url: endpointUrl(),
    id: z.string().trim().optional(),
    models: z.array(z.unknown()).catch([]),
    headers: z.record(z.string(), z.unknown()).catch({}),
    ranks: z.int().min(1).catch(1),
    kvEvents: z.looseObject({ rank: z.number().optional() }).catch({}),
    bare: z.literal(false).catch(false),
  }),
])

const names = () => z.array(z.unknown()).catch([])
const poolShape = z.looseObject({
  model: z.string().trim(),
  aliases: names(),
  adapters: names(),
  tokenizer: z.looseObject({ path: z.unknown(), remote: z.unknown() }).partial().catch({}).default({}),
})

/**
 * Names and addresses that are given twice, and header variables that are not set. Looks at everything that is
 * well-formed, whatever else is wrong, so that all problems are found at once.
 */
export function findConflicts(tree: unknown, env: Environment): Conflict[] {
  const { endpoints: rawEndpoints, pools: rawPools } = z
    .looseObject({ endpoints: z.array(z.unknown()).catch([]), pools: z.array(z.unknown()).catch([]) })
    .catch({ endpoints: [], pools: [] })
    .parse(tree)
  const endpoints = rawEndpoints.flatMap((raw, index) => {
    const { data } = endpointShape.safeParse(raw)
    return data === undefined ? [] : [{ ...data, index }]
  })
  const pools = rawPools.flatMap((raw, index) => {
    const { data } = poolShape.safeParse(raw)
    return data === undefined ? [] : [{ ...data, index }]
  })
  return [
    ...addressConflicts(endpoints),
    ...rankConflicts(endpoints),
    ...eventConflicts(endpoints),
    ...pullConflicts(rawEndpoints),
    ...nameConflicts(endpoints, pools),
    ...unaskedTokens(pools),
    ...unsetVariables(endpoints, env),
  ]
}

type NamedEndpoint = z.output<typeof endpointShape> & { readonly index: number }
type NamedPool = z.output<typeof poolShape> & { readonly index: number }

/** Endpoints with the same URL or id. */
function addressConflicts(endpoints: readonly NamedEndpoint[]): Conflict[] {
  const places = new Map<string, number>()
  const ids = new Map<string, number>()
  return endpoints.flatMap(({ url, id, headers, bare, index }): Conflict[] => {
    const at = bare ? ['endpoints', index] : ['endpoints', index, 'url']
    // Ranks behind one address are told apart by the header that asks for one of them.
    const place = `${url} ${dataParallelRank(headers) ?? ''}`
    const samePlace = places.get(place)
    if (samePlace !== undefined) return [{ path: at, message: `${url} is the URL of endpoints[${samePlace}] already` }]
    places.set(place, index)
    const name = id ?? hostAndPort(url)
    const sameId = ids.get(name)
    ids.set(name, sameId ?? index)
    if (sameId === undefined) return []
    const path = id === undefined ? at : ['endpoints', index, 'id']
    return [
      {
        path,
        message: `${name} is the id of endpoints[${sameId}] already`,
        hint: 'give each endpoint an id of its own',
      },
    ]
  })
}

/** Pools of the same model, aliases and adapters given twice, and those that hide a model. */
function nameConflicts(endpoints: readonly NamedEndpoint[], pools: readonly NamedPool[]): Conflict[] {
  const models = new Map<unknown, ConfigPath>()
  const adapterNames = new Map<unknown, ConfigPath>()
  const conflicts: Conflict[] = []
  const claim = (owners: Map<unknown, ConfigPath>, name: unknown, path: ConfigPath) => {
    const owner = owners.get(name)
    if (owner === undefined) owners.set(name, path)
    else conflicts.push({ path, message: `${showValue(name)} is the name of ${showPath(owner)} already` })
  }
  for (const { model, index } of pools) claim(models, model, ['pools', index, 'model'])
  for (const { models: listed, index } of endpoints) {
    for (const [i, model] of listed.entries())
      if (!models.has(model)) models.set(model, ['endpoints', index, 'models', i])
  }
  for (const { aliases, index } of pools) {
    for (const [i, alias] of aliases.entries()) {
      const path = ['pools', index, 'aliases', i]
      claim(models, alias, path)
      if (!adapterNames.has(alias)) adapterNames.set(alias, path)
    }
  }
  // An endpoint may list an adapter too, and it may have a pool with a policy of its own.
  for (const { adapters, index } of pools) {
    for (const [i, adapter] of adapters.entries()) claim(adapterNames, adapter, ['pools', index, 'adapters', i])
  }
  return conflicts
}

/** Tokens that nobody makes: there is neither a tokenizer nor an engine that may be asked. */
function unaskedTokens(pools: readonly NamedPool[]): Conflict[] {
  return pools.flatMap(({ tokenizer: { path, remote }, index }): Conflict[] => {
    if (remote !== 'off' || path !== undefined) return []
    const message = 'found off beside no path: nobody is left to make the tokens'
    return [
      {
        path: ['pools', index, 'tokenizer', 'remote'],
        message,
        hint: 'give a path, or leave remote out to ask engines',
      },
    ]
  })
}

function unsetVariables(endpoints: readonly NamedEndpoint[], env: Environment): Conflict[] {
  return endpoints.flatMap(({ headers, index }) =>
    Object.entries(headers).flatMap(([name, value]) =>
      missingVariables(typeof value === 'string' ? value : '', env).map((variable) => ({
        path: ['endpoints', index, 'headers', name],
        message: `expected the environment variable ${variable}, which is not set`,
      })),
    ),
  )
}
