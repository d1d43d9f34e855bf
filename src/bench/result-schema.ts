import { z } from 'zod'

const interval = z.tuple([z.number(), z.number()]).describe('Low and high end of a 95 % bootstrap confidence interval')

const statistic = z.object({
  value: z.number(),
  requests: interval.describe('Interval over requests: all measured requests of all seeds, drawn with replacement'),
  seeds: interval.nullable().describe('Interval over seeds of the mean of the figure per seed; null with one seed'),
})

const timing = z
  .object({ mean: statistic, p50: statistic, p90: statistic, p95: statistic, p99: statistic })
  .nullable()
  .describe('Seconds; null when nothing was measured')

const column = <T extends z.ZodType>(type: T) => z.array(type)

const requestColumns = z
  .object({
    id: column(z.string()).describe('Same for the same request in every arm'),
    session: column(z.string()),
    sent: column(z.number()).describe('Seconds since the start of the run'),
    lag: column(z.number()).describe('Seconds it was sent later than planned'),
    status: column(z.int()).describe('HTTP status, 0 without an answer'),
    error: column(z.string().nullable()).describe('Kind of error, null for an answer that counts'),
    ttft: column(z.number().nullable()),
    tpot: column(z.number().nullable()),
    e2e: column(z.number().nullable()),
    promptTokens: column(z.number().nullable()).describe('As the engine reports them'),
    cachedTokens: column(z.number().nullable()).describe('As the engine reports them'),
    outputTokens: column(z.number().nullable()).describe('As the engine reports them, else content events'),
    endpoint: column(z.string().nullable()),
    reason: column(z.string().nullable()),
    warmup: column(z.boolean()).describe('Sent to warm up, in no figure'),
  })
  .refine((columns) => Object.values(columns).every((values) => values.length === columns.id.length), {
    message: 'expected columns of equal length',
  })
  .describe('Columns of equal length, one entry per request in the order of sending')

const run = z.object({
  seed: z.int(),
  seconds: z.number().describe('From the first measured request sent to the last one ended'),
  interrupted: z.boolean(),
  clientCpuSeconds: z.number().describe('CPU time of the load generator in wall seconds, never scaled'),
  requests: requestColumns,
})

const workload = z.object({
  name: z.string(),
  source: z.string().describe('Trace path or generator'),
  pacing: z.enum(['open', 'sessions', 'closed']),
  concurrency: z.int().nullable().describe('Sessions at once under closed pacing'),
  speed: z.number().describe('Recorded times were divided by this'),
  jitter: z.number().describe('Sessions were moved by 0 to this many seconds'),
  knobs: z.record(z.string(), z.number()).describe('Settings of a generator, empty for a trace'),
  sessions: z.int(),
  requests: z.int().describe('Requests per seed'),
  promptTokens: z.number().describe('Per seed, without what a chat template adds'),
  idealCachedShare: z.number().describe('Share of prompt tokens that a cache which forgets nothing would hold'),
  salted: z.boolean().describe('Whether every seed had texts of its own, so that it met cold caches'),
  notes: z.array(z.string()),
})

const count = z.record(z.string(), z.int())

const summary = z.object({
  requests: z.object({ measured: z.int(), ok: z.int(), failed: z.int(), warmup: z.int() }),
  errors: count.describe('Failed requests by kind'),
  ttft: timing,
  tpot: timing,
  e2e: timing,
  requestsPerSecond: z.number().describe('Answered requests, mean over seeds'),
  outputTokensPerSecond: z.number(),
  promptTokens: z.number(),
  cachedTokens: z.number(),
  outputTokens: z.number(),
  cachedShare: z.number().nullable().describe('cachedTokens / promptTokens of answers that reported both'),
  endpoints: count.describe('Answered requests by endpoint'),
  busiestShare: z.number().nullable().describe('Share of the endpoint with the most requests, mean over seeds'),
  goodput: z.array(
    z.object({
      ttft: z.number(),
      tpot: z.number(),
      share: z.number().describe('Share of measured requests, failed ones included, that kept both limits'),
      requestsPerSecond: z.number(),
    }),
  ),
  lagP99: z.number().describe('Seconds by which the client itself was late'),
})

/** What `kvasir bench --json` writes and `kvasir bench report` reads. All times are seconds on the engines' clock. */
export const benchResultSchema = z.object({
  format: z.literal('kvasir-bench'),
  version: z.literal(1),
  label: z.string(),
  command: z.array(z.string()).describe('Arguments of the run, secrets left out'),
  target: z.object({ url: z.string(), model: z.string(), route: z.enum(['chat', 'completions']) }),
  environment: z.object({ cpu: z.string(), cores: z.int(), node: z.string() }).describe('Of the load generator'),
  timeScale: z.number().describe('Engine seconds per wall second; every time here is multiplied by it'),
  workload,
  summary,
  runs: z.array(run),
})

/** A result file. */
export type BenchResult = z.infer<typeof benchResultSchema>
/** The runs of one seed in a result file. */
export type BenchRun = BenchResult['runs'][number]
/** The measured requests of a run, column by column. */
export type RequestColumns = BenchRun['requests']
/** The figures of a result file. */
export type BenchSummary = BenchResult['summary']
/** Figures of one time with their intervals. */
export type TimingSummary = NonNullable<BenchSummary['ttft']>
