import { z } from 'zod'
import type { EngineContext } from './engine-context.ts'
import { EngineError } from './engine-error.ts'
import type { EngineRank } from './engine-rank.ts'
import type { ReadyReply, RouteTable } from './engine-route.ts'
import { always } from './engine-route.ts'
import type { Incident } from './faults.ts'
import { NO_FAULTS, faultsSchema, incidentSchema } from './faults.ts'
import { parseBody } from './parse-body.ts'

/** Routes of the simulation itself, under every flavour and whatever is wrong: faults, and what is really in the cache. */
export const CONTROL_ROUTES: RouteTable = [
  ['GET /faults', always(({ faults }) => ({ body: faults }))],
  ['POST /faults', always(setFaults)],
  ['DELETE /faults', always((context) => applyFaults(context, NO_FAULTS))],
  ['POST /faults/now', always(happen)],
  ['GET /_kvasir/status', always((context) => ({ body: status(context) }))],
  ['GET /_kvasir/cache', always((context) => ({ body: cache(context) }))],
]

/** Sets the faults that are named and leaves the others. */
function setFaults(context: EngineContext, json: unknown): ReadyReply {
  const given = parseBody(z.record(z.string(), z.unknown()), json)
  return applyFaults(context, parseBody(faultsSchema, { ...context.faults, ...given }))
}

function applyFaults(context: EngineContext, faults: EngineContext['faults']): ReadyReply {
  context.faults = faults
  for (const { model } of context.ranks) model.slowdown = faults.slow
  return { body: faults }
}

/** Answers when it has happened; a crash happens right behind the answer. */
async function happen(context: EngineContext, json: unknown): Promise<ReadyReply> {
  const incident = parseBody(incidentSchema, json)
  switch (incident.incident) {
    case 'event-gap':
      for (const { outlet, pulled } of publishing(context, incident)) {
        outlet?.gap(incident.messages)
        pulled?.gap(incident.messages)
      }
      break
    case 'publisher-restart':
      for (const { outlet, pulled } of publishing(context, incident)) {
        pulled?.restart()
        if (incident.reconnect) await outlet?.reopen()
        else outlet?.renumber()
      }
      break
    case 'engine-restart':
      await context.restart()
      break
    case 'crash':
      setTimeout(() => void context.crash(incident.downSeconds), 10)
      break
  }
  return { body: incident }
}

function publishing({ ranks }: EngineContext, { rank }: Extract<Incident, { rank?: unknown }>): EngineRank[] {
  const meant = ranks.filter(({ index, outlet }) => outlet !== undefined && (rank === undefined || index === rank))
  if (meant.length > 0) return meant
  throw new EngineError(400, `rank: expected one that publishes KV events, found ${rank ?? 'none at all'}`, 'rank')
}

function status(context: EngineContext): object {
  const { options, ranks, adapters, contextTokens } = context
  return {
    model: options.model,
    flavor: options.flavor,
    maxModelLen: contextTokens,
    blockSize: options.profile.blockSize,
    prefixCaching: options.prefixCaching,
    adapters: adapters.list().map(({ name }) => name),
    kvEvents: options.kvEvents?.form ?? null,
    ranks: ranks.map(({ index, model, outlet }) => ({
      rank: index,
      running: model.running,
      waiting: model.waiting,
      kvUsage: model.kvUsage,
      blocks: model.cache.blocks,
      kvEvents: outlet === undefined ? null : outlet.source,
    })),
  }
}

/** The published hash of every findable block, as decimal text: a hash as often as it has copies. */
function cache({ ranks }: EngineContext): object {
  return {
    ranks: ranks.map((rank) => {
      rank.driver.wake()
      return {
        rank: rank.index,
        hashes: rank.cachedHashes()?.map((hash) => BigInt.asUintN(64, hash).toString()) ?? null,
      }
    }),
  }
}
