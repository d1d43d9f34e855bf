import { NOT_RENDERED } from './content-parts.ts'
import { arrayField, eachObject, objectField, stringField } from './checked-fields.ts'
import { ABSENT } from './json-tape.ts'
import { MARK, type PlanWriter } from './prompt-plan.ts'

/** Members of a tool that are fed on their own. */
const READ: ReadonlySet<string> = new Set([
  ...NOT_RENDERED,
  'function',
  'name',
  'description',
  'parameters',
  'input_schema',
])
const READ_WITH_TYPE: ReadonlySet<string> = new Set([...READ, 'type'])

/**
 * The tools in `object[name]`, in order, for every API alike: nested under `function` (chat), flat (responses), or with
 * an `input_schema` (Anthropic). A tool is its name, description and schema, then whatever else it has, by name, because
 * templates print a tool as JSON. The schema keeps its own order of members: engines print it as it came, and another
 * order is another prompt.
 */
export function planTools(plan: PlanWriter, object: number, name: string): void {
  const { tape } = plan
  eachObject(tape, arrayField(tape, object, name), (tool) => {
    const nested = objectField(tape, tool, 'function')
    const body = nested === ABSENT ? tool : nested
    const parameters = tape.get(body, 'parameters')
    plan.mark(MARK.tool)
    plan.text(MARK.name, stringField(tape, body, 'name'))
    plan.text(MARK.text, stringField(tape, body, 'description'))
    plan.value(MARK.schema, parameters === ABSENT ? tape.get(body, 'input_schema') : parameters)
    plan.members(tool, isPlainFunction(plan, tool) ? READ_WITH_TYPE : READ)
    if (nested !== ABSENT) plan.members(nested, READ)
  })
}

/** Tools that the engine runs itself say so by their type; for all others the type is a formality. */
function isPlainFunction(plan: PlanWriter, tool: number): boolean {
  const type = stringField(plan.tape, tool, 'type')
  return type === ABSENT || plan.tape.equals(type, 'function') || plan.tape.equals(type, 'custom')
}
