import { planChat } from './chat-prompt.ts'
import { NOT_RENDERED } from './content-parts.ts'
import { stringField } from './checked-fields.ts'
import { ABSENT, ARRAY, NUMBER, OBJECT, STRING } from './json-tape.ts'
import { MARK, type Mark, type PlanWriter } from './prompt-plan.ts'
import { FieldFault } from './request-format-error.ts'

const PROMPT_FORMS = 'a string, token ids, or an array of either'

/** A completion: one prompt or several, as text or token ids. A suffix stands behind the prompt, where templates put it. */
export function planCompletions(plan: PlanWriter, request: number): void {
  planPrompts(plan, request, 'prompt')
  plan.text(MARK.suffix, stringField(plan.tape, request, 'suffix'))
}

/** An embedding of texts or token ids, or of a chat. */
export function planEmbeddings(plan: PlanWriter, request: number): void {
  if (plan.tape.get(request, 'messages') !== ABSENT) planChat(plan, request)
  else planPrompts(plan, request, 'input')
}

/** Tokens of a chat or of a text, which llama.cpp calls `content`. */
export function planTokenize(plan: PlanWriter, request: number): void {
  if (plan.tape.get(request, 'messages') !== ABSENT) planChat(plan, request)
  else planPrompts(plan, request, plan.tape.get(request, 'prompt') === ABSENT ? 'content' : 'prompt')
}

/** Text of token ids. */
export function planDetokenize(plan: PlanWriter, request: number): void {
  planPrompts(plan, request, 'tokens')
}

/** The query stands in front of every document, so it comes first. */
export function planRerank(plan: PlanWriter, request: number): void {
  planTextsOf(plan, request, 'query', MARK.query)
  planTextsOf(plan, request, 'documents', MARK.document)
}

/** Two texts or lists of texts that are compared, the first in front. */
export function planScore(plan: PlanWriter, request: number): void {
  planTextsOf(plan, request, 'text_1', MARK.query)
  planTextsOf(plan, request, 'text_2', MARK.document)
}

/** A field that is a prompt or an array of prompts; an array of numbers is one prompt of token ids. */
function planPrompts(plan: PlanWriter, request: number, name: string): void {
  const { tape } = plan
  const field = tape.get(request, name)
  if (field === ABSENT) return
  const kind = tape.kind(field)
  if (kind !== STRING && kind !== ARRAY) throw new FieldFault(field, PROMPT_FORMS)
  const first = tape.first(field)
  const end = tape.next(field)
  if (kind === STRING || first === end || tape.kind(first) === NUMBER) {
    plan.prompt(field)
    return
  }
  for (let node = first; node < end; node = tape.next(node)) {
    if (tape.kind(node) !== STRING && tape.kind(node) !== ARRAY) throw new FieldFault(node, 'a string or token ids')
    plan.prompt(node)
  }
}

/** A string, an object, or an array of them. */
function planTextsOf(plan: PlanWriter, request: number, name: string, mark: Mark): void {
  const { tape } = plan
  const field = tape.get(request, name)
  if (field === ABSENT) return
  if (tape.kind(field) !== ARRAY) {
    planText(plan, field, mark)
    return
  }
  const end = tape.next(field)
  for (let node = tape.first(field); node < end; node = tape.next(node)) planText(plan, node, mark)
}

function planText(plan: PlanWriter, node: number, mark: Mark): void {
  const kind = plan.tape.kind(node)
  if (kind === STRING) plan.string(mark, node)
  else if (kind === OBJECT) {
    plan.mark(mark)
    plan.members(node, NOT_RENDERED)
  } else throw new FieldFault(node, 'a string or an object')
}
