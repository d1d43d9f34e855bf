import { randomBytes } from 'node:crypto'
import { decisionLogLine, type LoggedRequest } from '../core/decision-log-format.ts'
import { z } from '../core/plugin.ts'
import type { SchedulingRequest } from '../core/request.ts'
import type { RequestRecord } from '../core/request-record.ts'
import { openLineFile } from '../observe/line-file.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import { createSessionReader, sessionFields } from '../plugins/session-key.ts'
import { BLOCK_BYTES } from '../prefix/block-keys.ts'

/** Writes the decision log, which is a workload for the simulator. */
export interface DecisionRecorder {
  /** Takes the line of a request that has ended; it is written later. */
  ended(record: RequestRecord, request: SchedulingRequest): void
  /** Writes what is left. Never rejects. */
  close(): Promise<void>
}

/** Routes on which an engine computes a prompt and generates. */
const GENERATING: ReadonlySet<string> = new Set(['chat', 'completions', 'responses', 'messages'])

/** Clients are told apart by what they name; an address may be a proxy's. */
const readSession = createSessionReader(z.strictObject(sessionFields).parse({ by: ['header', 'cookie', 'body'] }))

/**
 * Opens the decision log at `path`; names of sessions are hashed with a secret that nobody keeps.
 *
 * @throws {Error} When the file cannot be appended to, with what to do.
 */
export async function openDecisionRecorder(
  path: string,
  { logger }: Pick<ProgramLog, 'logger'>,
): Promise<DecisionRecorder> {
  const salt = randomBytes(16).toString('hex')
  const file = await openLineFile(path, {
    failed: (reason) =>
      logger.error({ file: path, reason }, 'the decision log cannot be written; requests go on without'),
    recovered: (lost) => logger.info({ file: path, lost }, 'the decision log is written again'),
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(
      `cannot open the decision log ${path}: expected a file that can be appended to, found ${reason}; ` +
        'name another in log.decisions, or leave it out',
    )
  })
  return {
    ended(record, request) {
      const logged = loggedRequest(record, request)
      if (logged !== undefined) file.add(decisionLogLine(logged, salt))
    },
    close: () => file.close(),
  }
}

/**
 * What the decision log says of a request; undefined for one that no endpoint answered, or that computes no prompt:
 * there is nothing in it to repeat.
 */
export function loggedRequest(record: RequestRecord, request: SchedulingRequest): LoggedRequest | undefined {
  const { outcome, decision } = record
  // The first token of an answer in one piece is not seen: all of it comes at once.
  const ttft = record.streamed ? record.ttft : undefined
  if (outcome === undefined || decision === undefined) return undefined
  if (record.status >= 400 || !GENERATING.has(record.route)) return undefined
  const { usage, outputTokens } = outcome
  return {
    at: record.arrivedAt,
    e2e: record.e2e * 1000,
    ttft: ttft === undefined ? undefined : ttft * 1000,
    model: request.model,
    promptTokens: usage?.promptTokens ?? request.promptTokens,
    promptBytes: Math.round((request.promptTokens / request.tokensPerBlock) * BLOCK_BYTES),
    outputTokens,
    cachedTokens: usage?.cachedTokens,
    blocks: request.blocks,
    session: readSession(request),
    endpoint: decision.endpoint,
  }
}
