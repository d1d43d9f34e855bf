import { z } from 'zod'
import { simulationReportSchema } from './simulation-schema.ts'

const times = z
  .object({ mean: z.number(), p50: z.number(), p90: z.number(), p95: z.number(), p99: z.number() })
  .nullable()
  .describe('Seconds over the requests of all seeds')

const figures = z.object({
  replicas: z.int(),
  isMet: z.boolean().describe('Whether all targets were met'),
  ttft: times,
  tpot: times,
  e2e: times,
  cachedShare: z.number().nullable(),
  busiestShare: z.number().nullable(),
})

const arm = z.object({
  label: z.string(),
  policy: z.looseObject({ type: z.string() }),
  replicas: z.int().nullable().describe('Fewest endpoints that meet the targets; null: more than maxReplicas'),
  met: figures.nullable().describe('Figures with these endpoints'),
  missed: figures
    .nullable()
    .describe('Figures with one endpoint less, or with maxReplicas where the targets were never met; null below one'),
  saving: z
    .object({ replicas: z.int(), share: z.number() })
    .nullable()
    .describe('Endpoints less than round robin needs; null where one of both needs more than maxReplicas'),
})

/** What `kvasir plan --json` writes. Times are virtual seconds. */
export const planReportSchema = z.object({
  format: z.literal('kvasir-plan'),
  version: z.literal(1),
  command: z.array(z.string()).describe('Arguments that decide the outcome'),
  workload: simulationReportSchema.shape.workload,
  profile: z.string(),
  kvTokens: z.int().describe('Per endpoint'),
  hostTokens: z.int(),
  speed: z.number(),
  view: z.string(),
  routers: z.int(),
  seeds: z.array(z.int()),
  targets: z.array(
    z.object({
      time: z.enum(['ttft', 'tpot', 'e2e']),
      statistic: z.enum(['mean', 'p50', 'p90', 'p95', 'p99']),
      seconds: z.number(),
    }),
  ),
  maxReplicas: z.int(),
  arms: z.array(arm),
})

/** The outcome of a plan. */
export type PlanReport = z.infer<typeof planReportSchema>
/** What a plan found for one policy. */
export type PlanArm = PlanReport['arms'][number]
/** The figures of one policy with one number of endpoints. */
export type PlanFigures = z.infer<typeof figures>
