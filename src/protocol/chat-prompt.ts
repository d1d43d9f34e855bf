import { planContent } from './content-parts.ts'
import { arrayField, eachObject, objectField, stringField } from './checked-fields.ts'
import { ABSENT } from './json-tape.ts'
import { type Literal, MARK, type PlanWriter } from './prompt-plan.ts'
import { planAnswered, planCall } from './tool-call.ts'
import { planTools } from './tool-definitions.ts'

const NOTHING: ReadonlySet<string> = new Set()
/** Values that the template may print before the first message. */
const SETTINGS = ['chat_template', 'documents', 'reasoning_effort'] satisfies Literal[]

/**
 * The prompt of a chat request: what a template renders, in the order in which most templates render it.
 *
 * Fields that only some engines render, and only at the end or for some values (`tool_choice`, `response_format`,
 * `add_generation_prompt`, `continue_final_message`), are left out on purpose. A match that is believed in but not there
 * costs nothing, since no other endpoint has that prompt either; a match that is overlooked sends a long conversation
 * to an endpoint that knows nothing of it.
 */
export function planChat(plan: PlanWriter, request: number): void {
  const { tape } = plan
  for (const name of SETTINGS) planSetting(plan, name, tape.get(request, name))
  const kwargs = objectField(tape, request, 'chat_template_kwargs')
  if (kwargs !== ABSENT) {
    plan.literal(MARK.setting, 'chat_template_kwargs')
    plan.members(kwargs, NOTHING)
  }
  planTools(plan, request, 'tools')
  planTools(plan, request, 'functions')
  eachObject(tape, arrayField(tape, request, 'messages'), (message) => planMessage(plan, message))
}

/** A value in front of the messages, under its name. */
export function planSetting(plan: PlanWriter, name: Literal, value: number): void {
  if (value === ABSENT) return
  plan.literal(MARK.setting, name)
  plan.value(MARK.value, value)
}

/**
 * One message. `reasoning` and `reasoning_content` are left out: templates drop them from all but the last turn. So is
 * the `id` of a tool call, which few templates print; the message that answers the call repeats it.
 */
export function planMessage(plan: PlanWriter, message: number): void {
  const { tape } = plan
  const role = stringField(tape, message, 'role')
  if (role === ABSENT) plan.mark(MARK.message)
  else plan.string(MARK.message, role)
  plan.text(MARK.name, stringField(tape, message, 'name'))
  if (tape.get(message, 'tool_call_id') !== ABSENT) planAnswered(plan, message, 'tool_call_id')
  planContent(plan, message, 'content')
  plan.text(MARK.refusal, stringField(tape, message, 'refusal'))
  eachObject(tape, arrayField(tape, message, 'tool_calls'), (call) => {
    planCall(plan, objectField(tape, call, 'function'), 'arguments')
    planCall(plan, objectField(tape, call, 'custom'), 'input')
  })
  planCall(plan, objectField(tape, message, 'function_call'), 'arguments')
}
