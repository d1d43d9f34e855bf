import type { Command } from 'commander'
import { Option } from 'commander'
import { NO_FAULTS } from '../engine-server/faults.ts'
import { FLAVORS, METRICS_FORMS } from '../engine-server/flavor.ts'
import type { Flavor, MetricsForm } from '../engine-server/flavor.ts'
import { KV_EVENT_FORMS } from '../engine-server/kv/kv-event-options.ts'
import type { KvEventForm } from '../engine-server/kv/kv-event-options.ts'
import { CACHED_TOKENS_REPORTS } from '../engine-server/reply-shape.ts'
import type { CachedTokensReport } from '../engine-server/reply-shape.ts'
import { DEFAULT_PROFILE } from '../engine/profiles.ts'
import { names, notNegative, positive, profileName, replayFrames, share, tokens, whole } from './engine-arguments.ts'

/** The flags of `kvasir engine`, parsed. */
export interface EngineFlags {
  readonly port: number
  readonly host: string
  readonly model: string
  readonly profile: string
  readonly kvTokens?: number
  readonly blockSize?: number
  readonly speed: number
  readonly maxModelLen: number
  readonly maxQueuedRequests?: number
  readonly seed: number
  readonly defaultOutputTokens: number
  readonly earlyStop: number
  readonly keepAlive: number
  readonly slow: number
  readonly stallAfter?: number
  readonly resetAfter?: number
  readonly truncateAfter?: number
  readonly errorAfter?: number
  readonly commentFirst: boolean
  readonly errorRate: number
  readonly errorStatus: number
  readonly reject429: number
  readonly eventDrop: number
  readonly eventDuplicate: number
  readonly eventReorder: number
  readonly startupDelay: number
  readonly maxNumSeqs?: number
  readonly flavor: Flavor
  readonly metrics?: MetricsForm
  readonly prefixCaching: boolean
  readonly reportCachedTokens: CachedTokensReport
  readonly dataParallelSize: number
  readonly lora?: readonly string[]
  readonly maxLoras?: number
  readonly tokenizer?: string
  readonly kvEvents?: KvEventForm
  readonly kvEventsPort: number
  readonly kvEventsReplayPort?: number
  readonly kvEventsReplayFrames?: 3 | 4
  readonly kvEventsTopic?: string
  readonly kvEventsBuffer?: number
  readonly kvEventsHash?: 'sha256_cbor' | 'xxhash_cbor'
  readonly kvEventsHashSeed?: string
}

const HASHES = ['sha256_cbor', 'xxhash_cbor'] as const

const WHILE_IT_RUNS = `
While it runs, faults are read, set and taken away with GET, POST and DELETE /faults, and POST /faults/now lets one
thing happen: {"incident":"event-gap","messages":3}, "publisher-restart", "engine-restart" or "crash" (with
"downSeconds" it comes back). GET /_kvasir/status and /_kvasir/cache tell what is really in there.`

/** Gives the command all its flags. */
export function withEngineFlags(command: Command): Command {
  return withFaults(withKvEvents(withInterface(withEngine(command))))
}

function withEngine(command: Command): Command {
  return command
    .option('--port <port>', 'port to listen on; 0 takes any free one', whole(0, 65_535), 8000)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--model <name>', 'name of the served model', 'simulated')
    .option('--profile <name>', 'model and GPU whose timing it has', profileName, DEFAULT_PROFILE)
    .option('--kv-tokens <tokens>', 'size of the KV cache, such as 300k or 1M (the profile knows)', tokens)
    .option('--block-size <tokens>', 'tokens of a KV block (the profile knows)', whole(1, 1024))
    .option('--speed <factor>', 'how much faster than real time it lives', positive, 1)
    .option('--max-model-len <tokens>', 'most tokens of prompt and answer together', tokens, 131_072)
    .option('--max-queued-requests <count>', 'refuse requests with 503 when so many wait', whole(0))
    .option('--seed <number>', 'what answers and chances follow from', whole(0), 0)
    .option('--default-output-tokens <tokens>', 'length of answers whose request names none', whole(1), 128)
    .option('--early-stop <share>', 'share of answers that end before their limit', share, 0)
    .option('--keep-alive <seconds>', 'idle time after which a connection is closed', positive, 5)
    .option('--startup-delay <seconds>', 'time after the start in which it answers 503', notNegative, 0)
}

function withInterface(command: Command): Command {
  return command
    .addOption(choice('--flavor <engine>', 'whose routes, errors and metrics it has', FLAVORS).default('vllm'))
    .addOption(choice('--metrics <form>', "under whose names it reports metrics (the flavour's)", METRICS_FORMS))
    .option('--no-prefix-caching', 'find nothing of earlier requests')
    .addOption(
      choice(
        '--report-cached-tokens <when>',
        'in answers: always, where some were found (vLLM and SGLang told to), or never (not told to)',
        CACHED_TOKENS_REPORTS,
      ).default('always'),
    )
    .option('--data-parallel-size <ranks>', 'engines behind the port, each with its own cache', whole(1, 64), 1)
    .option('--max-num-seqs <requests>', 'requests in the batch of a rank (the profile knows)', whole(1))
    .option('--lora <names>', 'adapters, NAME or NAME=PATH, separated by commas', names)
    .option('--max-loras <count>', 'adapters that may be in a batch together (1); allows loading adapters', whole(1))
    .option('--tokenizer <path>', "a model's folder or .gguf file; without it four bytes are a token")
}

function withKvEvents(command: Command): Command {
  return command
    .addOption(choice('--kv-events <form>', 'publish KV events over ZeroMQ, in the form of', KV_EVENT_FORMS))
    .option(
      '--kv-events-port <port>',
      'where rank 0 publishes, rank r at port + r; 0 takes free ones',
      whole(0, 65_535),
      0,
    )
    .option('--kv-events-replay-port <port>', 'where rank 0 answers requests for replay', whole(0, 65_535))
    .option('--kv-events-replay-frames <3|4>', "frames of a replay's answers (the form's)", replayFrames)
    .option('--kv-events-topic <topic>', 'topic of the messages (none)')
    .option('--kv-events-buffer <messages>', 'messages kept for replay (10000)', whole(1))
    .addOption(choice('--kv-events-hash <algorithm>', 'how hashes of blocks are made (sha256_cbor)', HASHES))
    .option('--kv-events-hash-seed <text>', 'PYTHONHASHSEED of the hashes (none)')
}

function withFaults(command: Command): Command {
  return command
    .option('--slow <factor>', 'fault: every step takes so much longer', positive, NO_FAULTS.slow)
    .option('--stall-after <tokens>', 'fault: streams go silent after so many tokens', whole(0))
    .option('--reset-after <tokens>', 'fault: connections are reset after so many tokens', whole(0))
    .option('--truncate-after <tokens>', 'fault: connections end in the middle after so many tokens', whole(0))
    .option('--error-after <tokens>', 'fault: streams carry an error after so many tokens', whole(0))
    .option('--comment-first', 'fault: streams begin with a comment', NO_FAULTS.commentFirst)
    .option('--error-rate <share>', 'fault: share of requests that fail', share, NO_FAULTS.errorRate)
    .option('--error-status <status>', 'status of the requests that fail', whole(400, 599), NO_FAULTS.errorStatus)
    .option('--reject-429 <share>', 'fault: share of requests that are refused with 429', share, NO_FAULTS.reject429)
    .option('--event-drop <share>', 'fault: share of event messages that are not sent', share, NO_FAULTS.eventDrop)
    .option('--event-duplicate <share>', 'fault: share that is sent twice', share, NO_FAULTS.eventDuplicate)
    .option('--event-reorder <share>', 'fault: share that the next one overtakes', share, NO_FAULTS.eventReorder)
    .addHelpText('after', WHILE_IT_RUNS)
}

function choice(flags: string, description: string, values: readonly string[]): Option {
  return new Option(flags, description).choices(values)
}
