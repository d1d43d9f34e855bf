import { planChat } from './chat-prompt.ts'
import { JsonScanner } from './json-scanner.ts'
import { JsonTape, OBJECT } from './json-tape.ts'
import { planMessages } from './messages-prompt.ts'
import { planCompletions, planDetokenize, planEmbeddings, planRerank, planScore, planTokenize } from './plain-prompt.ts'
import { type PromptPlan, PlanWriter } from './prompt-plan.ts'
import { NO_FIELDS, readFields, readModel, type RequestFields } from './request-fields.ts'
import { FieldFault, fieldError, type RequestFormatError, syntaxError } from './request-format-error.ts'
import { planResponses } from './responses-prompt.ts'
import type { Route, RouteName } from './route.ts'

/** A request body as far as Kvasir reads it. Keeps the body's memory, copies none of the prompt. */
export interface ScannedRequest extends RequestFields {
  readonly prompt: PromptPlan
}

export type ScanResult =
  | { readonly ok: true; readonly value: ScannedRequest }
  | { readonly ok: false; readonly error: RequestFormatError }

const ROOT = 0

/** How each route says what its prompt is; a route that is not here may have any body. */
const PLANS = new Map<RouteName, (plan: PlanWriter, request: number) => void>([
  ['chat', planChat],
  ['completions', planCompletions],
  ['responses', planResponses],
  ['messages', planMessages],
  ['count-tokens', planMessages],
  ['embeddings', planEmbeddings],
  ['rerank', planRerank],
  ['score', planScore],
  ['tokenize', planTokenize],
  ['detokenize', planDetokenize],
])

/** Routes whose requests and answers have the members that an engine's quirks are about. */
const EDITED: ReadonlySet<RouteName> = new Set(['chat', 'completions'])

// Reused by every scan: a scan is synchronous and its result keeps none of them.
const tape = new JsonTape()
const scanner = new JsonScanner(tape)
const writer = new PlanWriter(tape)

/**
 * Reads a request body: checks that all of it is JSON and that the fields Kvasir reads have their types (null is as good
 * as missing, unknown fields are ignored), and finds what makes up the prompt. A body of an unknown route is never an
 * error; only its model is looked for.
 */
export function scanRequest(route: Route, body: Uint8Array): ScanResult {
  writer.begin()
  try {
    const fault = scanner.scan(body)
    const planPrompt = PLANS.get(route.name)
    if (planPrompt === undefined) {
      const fields = fault === undefined ? readModel(tape) : NO_FIELDS
      return { ok: true, value: { ...fields, prompt: writer.finish() } }
    }
    if (fault !== undefined) return { ok: false, error: syntaxError(body, fault) }
    if (tape.kind(ROOT) !== OBJECT) throw new FieldFault(ROOT, 'an object')
    const fields = readFields(tape, ROOT, EDITED.has(route.name))
    planPrompt(writer, ROOT)
    return { ok: true, value: { ...fields, prompt: writer.finish() } }
  } catch (error) {
    if (error instanceof FieldFault) return { ok: false, error: fieldError(tape, error) }
    throw error
  } finally {
    tape.release()
  }
}
