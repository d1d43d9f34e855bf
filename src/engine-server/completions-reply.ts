import type { Generation } from './generation.ts'
import type { ReplyHead, ReplyShape } from './reply-shape.ts'
import { answerText, isLast, openaiUsage } from './reply-shape.ts'

/** Answers of `/v1/completions`, as vLLM writes them. */
export function completionsReply({ id, created, model }: ReplyHead, includeUsage: boolean): ReplyShape {
  const name = JSON.stringify(model)
  const chunk = `data: {"id":"cmpl-${id}","object":"text_completion","created":${created},"model":${name}`
  return {
    token(generation, index) {
      const text = generation.answer.text(index)
      const reason = isLast(generation, index) ? `"${generation.finish}"` : 'null'
      const choice = `{"index":${generation.index},"text":"${text}","logprobs":null,"finish_reason":${reason}`
      return `${chunk},"choices":[${choice},"stop_reason":null}],"usage":null}\n\n`
    },
    end(generations) {
      const usage = includeUsage ? `${chunk},"choices":[],"usage":${JSON.stringify(openaiUsage(generations))}}\n\n` : ''
      return `${usage}data: [DONE]\n\n`
    },
    body: (generations) => ({
      id: `cmpl-${id}`,
      object: 'text_completion',
      created,
      model,
      choices: generations.map(completionChoice),
      usage: openaiUsage(generations),
    }),
  }
}

function completionChoice(generation: Generation): object {
  return {
    index: generation.index,
    text: answerText(generation),
    logprobs: null,
    finish_reason: generation.finish,
    stop_reason: null,
    prompt_logprobs: null,
  }
}
