import { planMessage } from './chat-prompt.ts'
import { planContent } from './content-parts.ts'
import { arrayField, eachObject, stringField } from './checked-fields.ts'
import { ABSENT, ARRAY, type JsonTape } from './json-tape.ts'
import { MARK, type PlanWriter } from './prompt-plan.ts'
import { planTools } from './tool-definitions.ts'

/**
 * A system block that some agents put first, with a hash that differs in every request. Engines drop it before they
 * render (vLLM since pull request 36829), because it would defeat every prefix cache.
 */
const BILLING = 'x-anthropic-billing-header'

/** The prompt of an Anthropic Messages request: tools, system, then messages, in the same form as a chat's. */
export function planMessages(plan: PlanWriter, request: number): void {
  const { tape } = plan
  planTools(plan, request, 'tools')
  const system = tape.get(request, 'system')
  if (system !== ABSENT) {
    plan.literal(MARK.message, 'system')
    if (tape.kind(system) === ARRAY) planBlocks(plan, system)
    else planContent(plan, request, 'system')
  }
  eachObject(tape, arrayField(tape, request, 'messages'), (message) => planMessage(plan, message))
}

function planBlocks(plan: PlanWriter, blocks: number): void {
  eachObject(plan.tape, blocks, (block) => {
    const text = stringField(plan.tape, block, 'text')
    if (text !== ABSENT && !startsWith(plan.tape, text, BILLING)) plan.text(MARK.text, text)
  })
}

function startsWith(tape: JsonTape, text: number, prefix: string): boolean {
  const start = tape.start(text)
  if (tape.stop(text) - start < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (tape.bytes[start + i] !== prefix.charCodeAt(i)) return false
  return true
}
