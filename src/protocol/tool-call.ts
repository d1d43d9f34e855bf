import { stringField } from './checked-fields.ts'
import { ABSENT, STRING } from './json-tape.ts'
import { MARK, type PlanWriter } from './prompt-plan.ts'

/** A call of a tool: its name and its arguments, which are a text for OpenAI and an object for Anthropic. */
export function planCall(plan: PlanWriter, call: number, argumentsName: string): void {
  if (call === ABSENT) return
  const { tape } = plan
  const values = tape.get(call, argumentsName)
  plan.mark(MARK.call)
  plan.text(MARK.name, stringField(tape, call, 'name'))
  if (values === ABSENT) return
  if (tape.kind(values) === STRING) plan.text(MARK.text, values)
  else plan.value(MARK.arguments, values)
}

/** The call that a result answers; the result's content comes next. */
export function planAnswered(plan: PlanWriter, result: number, idName: string): void {
  plan.mark(MARK.result)
  plan.text(MARK.name, stringField(plan.tape, result, idName))
}
