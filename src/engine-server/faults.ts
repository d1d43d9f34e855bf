import { z } from 'zod'

const share = z.number().min(0).max(1)
const tokens = z.int().min(0).nullable()

/** What can be made to go wrong; the body of `POST /faults` sets any of these. */
export const faultsSchema = z.strictObject({
  slow: z.number().positive().describe('Factor on the duration of every step'),
  stallAfter: tokens.describe('A stream goes silent after this many tokens, and stays open'),
  resetAfter: tokens.describe('The connection is reset after this many tokens'),
  truncateAfter: tokens.describe('The connection ends without an end of the body after this many tokens'),
  errorRate: share.describe('Share of requests that are answered with an error'),
  errorStatus: z.int().min(400).max(599).describe('HTTP status of those errors'),
  reject429: share.describe('Share of requests that are refused with 429'),
  unhealthy: z.boolean().describe('The health check answers 503, everything else works'),
})

/** What goes wrong at the moment; token counts are per answer, and null switches a fault off. */
export type Faults = Readonly<z.infer<typeof faultsSchema>>

/** Everything works. */
export const NO_FAULTS: Faults = {
  slow: 1,
  stallAfter: null,
  resetAfter: null,
  truncateAfter: null,
  errorRate: 0,
  errorStatus: 500,
  reject429: 0,
  unhealthy: false,
}
