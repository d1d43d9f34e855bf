import type { Generation } from './generation.ts'
import type { ReplyShape } from './reply-shape.ts'
import { answerText, isLast } from './reply-shape.ts'

/**
 * Answers of SGLang's `/generate`. Every event of a stream has all the text up to there; those of one answer among
 * several say which it is, and a body of several is a list.
 */
export function generateReply(nameOf: (index: number) => string, several: boolean): ReplyShape {
  /** Text so far, by position of the answer. */
  const texts: string[] = []
  const answer = (generation: Generation, text: string, tokens: number, ended: boolean): object => ({
    ...(several ? { index: generation.index } : {}),
    text,
    meta_info: {
      id: nameOf(generation.index),
      finish_reason: ended ? finishReason(generation, tokens) : null,
      prompt_tokens: generation.promptTokens,
      completion_tokens: tokens,
      cached_tokens: generation.sequence?.cachedTokens ?? 0,
    },
  })
  const event = (json: object): string => `data: ${JSON.stringify(json)}\n\n`
  return {
    token(generation, index) {
      const text = (texts[generation.index] ?? '') + generation.answer.text(index)
      texts[generation.index] = text
      return event(answer(generation, text, index + 1, isLast(generation, index)))
    },
    aborted: (generation) => event(answer(generation, answerText(generation), generation.outputTokens, true)),
    end: () => 'data: [DONE]\n\n',
    body(generations) {
      const all = generations.map((each) => answer(each, answerText(each), each.outputTokens, true))
      return several ? all : (all[0] ?? {})
    },
  }
}

function finishReason({ finish }: Generation, tokens: number): object {
  if (finish === 'abort') return { type: finish, message: 'Aborted' }
  return finish === 'length' ? { type: finish, length: tokens } : { type: finish }
}
