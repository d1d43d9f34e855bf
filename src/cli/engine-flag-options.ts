import type { EngineOptions } from '../engine-server/engine-options.ts'
import { NO_FAULTS } from '../engine-server/faults.ts'
import type { KvEventOptions } from '../engine-server/kv/kv-event-options.ts'
import { profileNamed } from '../engine/profiles.ts'
import type { EngineFlags } from './engine-flags.ts'

/** The engine that the flags describe. */
export function engineFlagOptions(flags: EngineFlags): EngineOptions {
  const profile = profileNamed(flags.profile)
  return {
    port: flags.port,
    host: flags.host,
    model: flags.model,
    profile: {
      ...profile,
      kvTokens: flags.kvTokens ?? profile.kvTokens,
      blockSize: flags.blockSize ?? profile.blockSize,
      maxSequences: flags.maxNumSeqs ?? profile.maxSequences,
    },
    speed: flags.speed,
    maxModelLen: flags.maxModelLen,
    ...(flags.maxQueuedRequests === undefined ? {} : { maxQueuedRequests: flags.maxQueuedRequests }),
    seed: flags.seed,
    defaultOutputTokens: flags.defaultOutputTokens,
    earlyStop: flags.earlyStop,
    keepAliveSeconds: flags.keepAlive,
    startupDelay: flags.startupDelay,
    ...interfaceOf(flags),
    // As when the engine's process dies of an error.
    onCrash: () => process.exit(1),
    faults: {
      ...NO_FAULTS,
      slow: flags.slow,
      stallAfter: flags.stallAfter ?? null,
      resetAfter: flags.resetAfter ?? null,
      truncateAfter: flags.truncateAfter ?? null,
      errorAfter: flags.errorAfter ?? null,
      commentFirst: flags.commentFirst,
      errorRate: flags.errorRate,
      errorStatus: flags.errorStatus,
      reject429: flags.reject429,
      eventDrop: flags.eventDrop,
      eventDuplicate: flags.eventDuplicate,
      eventReorder: flags.eventReorder,
    },
  }
}

function interfaceOf(flags: EngineFlags) {
  const { flavor, metrics, prefixCaching, reportCachedTokens, dataParallelSize, lora, maxLoras, tokenizer } = flags
  const kvEvents = kvEventsOf(flags)
  return {
    flavor,
    prefixCaching,
    reportCachedTokens,
    dataParallelSize,
    maxLoras: maxLoras ?? 1,
    ...(lora === undefined && maxLoras === undefined ? {} : { loras: lora ?? [] }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(kvEvents === undefined ? {} : { kvEvents }),
  }
}

function kvEventsOf(flags: EngineFlags): KvEventOptions | undefined {
  if (flags.kvEvents === undefined) return undefined
  return {
    form: flags.kvEvents,
    port: flags.kvEventsPort,
    ...(flags.kvEventsReplayPort === undefined ? {} : { replayPort: flags.kvEventsReplayPort }),
    ...(flags.kvEventsReplayFrames === undefined ? {} : { replayFrames: flags.kvEventsReplayFrames }),
    ...(flags.kvEventsTopic === undefined ? {} : { topic: flags.kvEventsTopic }),
    ...(flags.kvEventsBuffer === undefined ? {} : { buffer: flags.kvEventsBuffer }),
    ...(flags.kvEventsHash === undefined ? {} : { hash: flags.kvEventsHash }),
    ...(flags.kvEventsHashSeed === undefined ? {} : { hashSeed: flags.kvEventsHashSeed }),
  }
}
