import { stringField } from './checked-fields.ts'
import { ABSENT, ARRAY, OBJECT, STRING } from './json-tape.ts'
import { MARK, type Mark, type PlanWriter } from './prompt-plan.ts'
import { FieldFault } from './request-format-error.ts'
import { planAnswered, planCall } from './tool-call.ts'

/** Never part of a prompt: says what the service should cache. */
export const NOT_RENDERED: ReadonlySet<string> = new Set(['cache_control'])

/** Types of parts that stand for something else than text, by what they stand for. */
const MEDIA = new Map<string, Mark>([
  ['image_url', MARK.image],
  ['input_image', MARK.image],
  ['image', MARK.image],
  ['input_audio', MARK.audio],
  ['audio', MARK.audio],
  ['audio_url', MARK.audio],
  ['video', MARK.video],
  ['video_url', MARK.video],
  ['input_video', MARK.video],
  ['file', MARK.file],
  ['input_file', MARK.file],
  ['document', MARK.file],
])
/** Members of a media part that hold its data or lead to it, and the members of those. */
const HOLDERS = ['image_url', 'input_audio', 'audio_url', 'video_url', 'source', 'file', 'image', 'audio', 'video']
const REFERENCES = ['url', 'data', 'file_data', 'file_id', 'file_url', 'id']

/**
 * The `content` of a message: a string, or an array of parts of which each may be a string as well. A string is the same
 * as one text part. Thoughts are left out: templates drop those of earlier turns.
 */
export function planContent(plan: PlanWriter, object: number, name: string): void {
  const { tape } = plan
  const content = tape.get(object, name)
  if (content === ABSENT) return
  if (tape.kind(content) === STRING) plan.text(MARK.text, content)
  else if (tape.kind(content) === ARRAY) planParts(plan, content)
  else throw new FieldFault(content, 'a string or an array of content parts')
}

function planParts(plan: PlanWriter, parts: number): void {
  const { tape } = plan
  const end = tape.next(parts)
  for (let part = tape.first(parts); part < end; part = tape.next(part)) {
    if (tape.kind(part) === STRING) plan.text(MARK.text, part)
    else if (tape.kind(part) === OBJECT) planPart(plan, part)
    else throw new FieldFault(part, 'a content part: an object with a type')
  }
}

function planPart(plan: PlanWriter, part: number): void {
  const { tape } = plan
  const typeNode = stringField(tape, part, 'type')
  const type = typeNode === ABSENT || tape.equals(typeNode, 'text') ? 'text' : tape.string(typeNode)
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      plan.text(MARK.text, stringField(tape, part, 'text'))
      return
    case 'refusal':
      plan.text(MARK.refusal, stringField(tape, part, 'refusal'))
      return
    case 'thinking':
    case 'redacted_thinking':
    case 'reasoning':
      return
    case 'tool_use':
      planCall(plan, part, 'input')
      return
    case 'tool_result':
      planAnswered(plan, part, 'tool_use_id')
      planContent(plan, part, 'content')
      plan.mark(MARK.end)
      return
    default:
      planMedia(plan, part, MEDIA.get(type))
  }
}

/** A part that is no text. What is not known by its type enters whole, member by member. */
function planMedia(plan: PlanWriter, part: number, mark: Mark | undefined): void {
  if (mark !== undefined) {
    for (const holder of HOLDERS) {
      const value = plan.tape.get(part, holder)
      if (value !== ABSENT && planReference(plan, value, mark)) return
    }
    if (planReference(plan, part, mark)) return
  }
  plan.mark(MARK.item)
  plan.members(part, NOT_RENDERED)
}

/** Feeds what a string, or an object by its URL, data or id, refers to; false where it refers to nothing. */
function planReference(plan: PlanWriter, value: number, mark: Mark): boolean {
  const { tape } = plan
  if (tape.kind(value) === STRING) {
    plan.blob(mark, value)
    return true
  }
  if (tape.kind(value) !== OBJECT) throw new FieldFault(value, 'a string or an object')
  for (const name of REFERENCES) {
    const reference = stringField(tape, value, name)
    if (reference === ABSENT) continue
    plan.blob(mark, reference)
    return true
  }
  return planInlineSource(plan, value)
}

/** A document that Anthropic's API gives as content parts. */
function planInlineSource(plan: PlanWriter, source: number): boolean {
  if (plan.tape.get(source, 'content') === ABSENT) return false
  plan.mark(MARK.file)
  planContent(plan, source, 'content')
  plan.mark(MARK.end)
  return true
}
