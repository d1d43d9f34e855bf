import { z } from 'zod'

const share = z.number().min(0).max(1)
const tokens = z.int().min(0).nullable()

/** What can be made to go wrong; the body of `POST /faults` sets any of these. */
export const faultsSchema = z.strictObject({
  slow: z.number().positive().describe('Factor on the duration of every step'),
  stallAfter: tokens.describe('A stream goes silent after this many tokens, and stays open'),
  resetAfter: tokens.describe('The connection is reset after this many tokens'),
  truncateAfter: tokens.describe('The connection ends without an end of the body after this many tokens'),
  errorAfter: tokens.describe('An answer fails after this many tokens: a stream carries the error, status 200 or not'),
  commentFirst: z.boolean().describe('A stream begins with a comment'),
  errorRate: share.describe('Share of requests that are answered with an error'),
  errorStatus: z.int().min(400).max(599).describe('HTTP status of those errors'),
  reject429: share.describe('Share of requests that are refused with 429'),
  unhealthy: z.boolean().describe('The health check answers 503, everything else works'),
  eventDrop: share.describe('Share of KV event messages that are not sent; the history for replay has them'),
  eventDuplicate: share.describe('Share of KV event messages that are sent twice'),
  eventReorder: share.describe('Share of KV event messages that the next one overtakes'),
  eventDelay: share.describe('Share of KV event messages that come late, with all that are behind them'),
  eventDelaySeconds: z.number().min(0).max(60).describe('How late those come'),
})

/** What goes wrong at the moment; token counts are per answer, and null switches a fault off. */
export type Faults = Readonly<z.infer<typeof faultsSchema>>

/** Everything works. */
export const NO_FAULTS: Faults = {
  slow: 1,
  stallAfter: null,
  resetAfter: null,
  truncateAfter: null,
  errorAfter: null,
  commentFirst: false,
  errorRate: 0,
  errorStatus: 500,
  reject429: 0,
  unhealthy: false,
  eventDrop: 0,
  eventDuplicate: 0,
  eventReorder: 0,
  eventDelay: 0,
  eventDelaySeconds: 1,
}

const rank = z.int().min(0).optional().describe('Only this data-parallel rank')

/** What happens once: the body of `POST /faults/now`. */
export const incidentSchema = z.discriminatedUnion('incident', [
  z.strictObject({
    incident: z.literal('event-gap').describe('The next messages are not sent; the history for replay has them'),
    messages: z.int().min(1).default(1),
    rank,
  }),
  z.strictObject({
    incident: z.literal('publisher-restart').describe('Message numbers begin at 0 again, without a history'),
    reconnect: z.boolean().default(false).describe('The sockets are closed and opened again'),
    rank,
  }),
  z.strictObject({
    incident: z.literal('engine-restart').describe('Requests break off, caches are empty, all begins anew'),
  }),
  z.strictObject({
    incident: z.literal('crash').describe('Nothing listens any more'),
    downSeconds: z.number().min(0).max(3600).optional().describe('Restarts after so long; without it, never'),
  }),
])

export type Incident = z.infer<typeof incidentSchema>
