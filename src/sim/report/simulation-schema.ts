import { z } from 'zod'

const interval = z
  .tuple([z.number(), z.number()])
  .nullable()
  .describe('Low and high end of a 95 % bootstrap interval; null where there is nothing to resample')

const statistic = z.object({
  value: z.number(),
  requests: interval.describe('Over requests: all measured requests of all seeds, drawn with replacement'),
  seeds: interval.describe('Over seeds, of the mean of the figure per seed; null with one seed'),
})

const timing = z
  .object({ mean: statistic, p50: statistic, p90: statistic, p95: statistic, p99: statistic })
  .nullable()
  .describe('Seconds; null where no request has the time, as TPOT of single tokens')

const scalar = z.object({ value: z.number().nullable().describe('Mean over seeds'), seeds: interval })

const ratio = z
  .object({
    value: z.number().nullable().describe('Figure of the arm / figure of the baseline; null where the latter is 0'),
    requests: interval.describe('Over requests; null for figures that only a whole run has'),
    seeds: interval,
    verdict: z
      .enum(['lower', 'higher', 'no difference', 'unknown'])
      .describe('No difference: an interval includes 1. Unknown: no interval'),
  })
  .describe('A figure of the arm relative to the same figure of the baseline')

const timingRatios = z.object({ mean: ratio, p50: ratio, p90: ratio, p95: ratio, p99: ratio }).nullable()

const goodput = z.object({
  ttft: z.number().describe('Seconds'),
  tpot: z.number().describe('Seconds'),
  share: scalar.describe('Share of the measured requests that kept both limits'),
})

const ratios = z.object({
  paired: z.boolean().describe('Whether both arms met the same requests at the same times, compared one by one'),
  ttft: timingRatios,
  tpot: timingRatios,
  e2e: timingRatios,
  cachedShare: ratio,
  goodput: z.array(ratio).describe('In the order of goodput'),
  lengthScaledGoodput: ratio,
  backlogVariation: ratio,
})

const arm = z.object({
  label: z.string(),
  requests: z.int().describe('Measured requests of all seeds'),
  unfinished: z.int().describe('Of these, requests that never got an answer; they have no times'),
  ttft: timing,
  tpot: timing,
  e2e: timing,
  ttftQuantiles: z.array(z.number()).describe('TTFT in seconds at the levels in quantileLevels'),
  cachedShare: scalar.describe('Cached prompt tokens / prompt tokens'),
  goodput: z.array(goodput),
  lengthScaledGoodput: scalar.describe('Share of the requests with a TTFT of at most 1 s + 62.5 ms per 1,000 tokens'),
  requestsPerSecond: scalar,
  outputTokensPerSecond: scalar,
  busiestShare: scalar.describe('Share of the requests that the busiest endpoint got, warm-up included'),
  backlogVariation: scalar.describe('Coefficient of variation of the prefill backlog between endpoints'),
  evictedBlocks: scalar,
  preemptions: scalar,
  retries: scalar.describe('Requests sent again because their endpoint died'),
  ratios: ratios.nullable().describe('Relative to the baseline; null for the baseline itself'),
})

const floor = z.object({
  cachedShare: z.number().describe('Cached prompt tokens / prompt tokens'),
  ttft: z.number().describe('Mean seconds'),
})

const bounds = z
  .object({
    meanTtft: z.number().describe('No schedule has a lower mean TTFT, in seconds: the larger of work and queueing'),
    work: z.number().describe('Mean work of a request alone behind an endless cache'),
    queueing: z.number().describe('Mean time behind a machine as fast as all together that may switch at any moment'),
    floors: z
      .object({ none: floor, lru: floor, belady: floor, endless: floor })
      .describe(
        'One cache as large as all together, without any waiting: nothing cached, LRU (a yardstick that separate caches may beat), Belady, never full',
      ),
  })
  .describe('What no policy can beat, mean over seeds; null where requests wait for answers, or endpoints differ')

const cell = z.object({
  profile: z.string(),
  replicas: z.int().describe('Endpoints'),
  kvTokens: z.int().describe('Per endpoint'),
  hostTokens: z.int().describe('Per endpoint, behind the KV cache'),
  speed: z.number().describe('Recorded times were divided by this'),
  view: z.string().describe('What the router knows: exact, predicted, events:DELAY:LOSS or polled:INTERVAL'),
  routers: z.int(),
  bounds: bounds.nullable(),
  arms: z.array(arm).describe('In the order of arms'),
})

const workload = z.object({
  name: z.string(),
  source: z.string().describe('Trace path or generator'),
  pacing: z.enum(['open', 'sessions', 'closed']),
  concurrency: z.int().nullable().describe('Sessions at once under closed pacing'),
  thinkScale: z.number().describe('Think times were multiplied by this'),
  jitter: z.number().describe('Sessions were moved by 0 to this many seconds'),
  warmUp: z.number().describe('Share of the requests that are not measured'),
  knobs: z.record(z.string(), z.number()).describe('Settings of a generator, empty for a trace'),
  sessions: z.int(),
  requests: z.int().describe('Per seed'),
  promptTokens: z.number().describe('Per seed'),
  outputTokens: z.number().describe('Per seed'),
  idealCachedShare: z.number().describe('Share of the prompt tokens that a cache which forgets nothing would hold'),
  notes: z.array(z.string()),
})

/** What `kvasir simulate --json` writes. Times are virtual seconds. */
export const simulationReportSchema = z.object({
  format: z.literal('kvasir-simulation'),
  version: z.literal(1),
  command: z.array(z.string()).describe('Arguments that decide the outcome'),
  workload,
  fleet: z.string().nullable().describe('Name of the fleet file'),
  seeds: z.array(z.int()),
  arms: z.array(z.object({ label: z.string(), policy: z.looseObject({ type: z.string() }) })),
  baseline: z.string().describe('Label of the arm that ratios are relative to'),
  quantileLevels: z.array(z.number()).describe('Levels of ttftQuantiles, 0 to 1'),
  cells: z.array(cell),
})

/** The outcome of a matrix of simulations. */
export type SimulationReport = z.infer<typeof simulationReportSchema>
/** One combination of profile, replicas, speed and so on. */
export type ReportCell = SimulationReport['cells'][number]
/** The figures of one policy in a cell. */
export type ArmSummary = ReportCell['arms'][number]
/** Figures of one time. */
export type TimingSummary = NonNullable<ArmSummary['ttft']>
/** One figure of one time. */
export type StatisticSummary = TimingSummary['mean']
/** A figure that only whole runs have. */
export type ScalarSummary = ArmSummary['cachedShare']
/** A figure relative to the baseline's. */
export type RatioSummary = NonNullable<ArmSummary['ratios']>['cachedShare']
/** All figures relative to the baseline's. */
export type RatioSummaries = NonNullable<ArmSummary['ratios']>
/** What no policy can beat. */
export type BoundsSummary = NonNullable<ReportCell['bounds']>
