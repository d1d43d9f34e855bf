import { planMessage, planSetting } from './chat-prompt.ts'
import { planContent } from './content-parts.ts'
import { eachObject, objectField, stringField } from './checked-fields.ts'
import { ABSENT, ARRAY, STRING } from './json-tape.ts'
import { MARK, type PlanWriter } from './prompt-plan.ts'
import { FieldFault } from './request-format-error.ts'
import { planAnswered, planCall } from './tool-call.ts'
import { planTools } from './tool-definitions.ts'

/** Bookkeeping of items, never rendered. */
const NOT_RENDERED: ReadonlySet<string> = new Set(['id', 'status', 'cache_control'])

/**
 * The prompt of a Responses request, in the same form as a chat's. Whatever the engine puts before it from its own store
 * (an earlier response, a conversation, a stored prompt) is unknown here and stands in front by its name.
 */
export function planResponses(plan: PlanWriter, request: number): void {
  const { tape } = plan
  planSetting(plan, 'previous_response_id', stringField(tape, request, 'previous_response_id'))
  planSetting(plan, 'conversation', tape.get(request, 'conversation'))
  planSetting(plan, 'prompt', tape.get(request, 'prompt'))
  const reasoning = objectField(tape, request, 'reasoning')
  if (reasoning !== ABSENT) planSetting(plan, 'reasoning_effort', tape.get(reasoning, 'effort'))
  planTools(plan, request, 'tools')
  const instructions = tape.get(request, 'instructions')
  if (instructions !== ABSENT) {
    plan.literal(MARK.message, 'system')
    planContent(plan, request, 'instructions')
  }
  planInput(plan, request)
}

function planInput(plan: PlanWriter, request: number): void {
  const { tape } = plan
  const input = tape.get(request, 'input')
  if (input === ABSENT) return
  if (tape.kind(input) === STRING) {
    plan.literal(MARK.message, 'user')
    plan.text(MARK.text, input)
  } else if (tape.kind(input) === ARRAY) eachObject(tape, input, (item) => planItem(plan, item))
  else throw new FieldFault(input, 'a string or an array of items')
}

function planItem(plan: PlanWriter, item: number): void {
  const { tape } = plan
  const typeNode = stringField(tape, item, 'type')
  const type = typeNode === ABSENT ? 'message' : tape.string(typeNode)
  switch (type) {
    case 'message':
      planMessage(plan, item)
      return
    case 'reasoning':
      return
    case 'function_call':
    case 'custom_tool_call':
      plan.literal(MARK.message, 'assistant')
      planCall(plan, item, type === 'function_call' ? 'arguments' : 'input')
      return
    case 'function_call_output':
    case 'custom_tool_call_output':
      plan.literal(MARK.message, 'tool')
      planAnswered(plan, item, 'call_id')
      planContent(plan, item, 'output')
      return
    default:
      plan.mark(MARK.item)
      plan.members(item, NOT_RENDERED)
  }
}
