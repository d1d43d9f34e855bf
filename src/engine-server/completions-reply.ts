import type { Generation } from './generation.ts'
import type { ReplyExtras, ReplyHead, ReplyShape } from './reply-shape.ts'
import { answerText, answerTokenIds, isLast, openaiUsage, promptTokenIds, usageAt } from './reply-shape.ts'

/** Answers of `/v1/completions`, as vLLM writes them. */
export function completionsReply(
  { id, created, model, reportCachedTokens }: ReplyHead,
  extras: ReplyExtras,
): ReplyShape {
  const name = JSON.stringify(model)
  const chunk = `data: {"id":"cmpl-${id}","object":"text_completion","created":${created},"model":${name}`
  return {
    token(generation, index) {
      const text = generation.answer.text(index)
      const reason = isLast(generation, index) ? `"${generation.finish}"` : 'null'
      const choice = `{"index":${generation.index},"text":"${text}","logprobs":null,"finish_reason":${reason}`
      const usage = extras.usageInChunks ? usageAt(generation, index) : 'null'
      const ids = extras.tokenIds ? tokenIds(generation, index) : ''
      return `${chunk},"choices":[${choice},"stop_reason":null${ids}}],"usage":${usage}}\n\n`
    },
    aborted: ({ index }) =>
      `${chunk},"choices":[{"index":${index},"text":"","logprobs":null,"finish_reason":"abort"}],"usage":null}\n\n`,
    end(generations) {
      const usage = extras.usage
        ? `${chunk},"choices":[],"usage":${JSON.stringify(openaiUsage(generations, reportCachedTokens))}}\n\n`
        : ''
      return `${usage}data: [DONE]\n\n`
    },
    body: (generations) => ({
      id: `cmpl-${id}`,
      object: 'text_completion',
      created,
      model,
      choices: generations.map((generation) => completionChoice(generation, extras)),
      usage: openaiUsage(generations, reportCachedTokens),
    }),
  }
}

/** The prompt's ids stand beside the first token. */
function tokenIds(generation: Generation, index: number): string {
  const prompt = index === 0 ? `,"prompt_token_ids":${JSON.stringify(promptTokenIds(generation))}` : ''
  return `${prompt},"token_ids":[${answerTokenIds(generation)[index] ?? ''}]`
}

function completionChoice(generation: Generation, extras: ReplyExtras): object {
  return {
    index: generation.index,
    text: answerText(generation),
    logprobs: null,
    finish_reason: generation.finish,
    stop_reason: null,
    prompt_logprobs: null,
    ...(extras.tokenIds ? { prompt_token_ids: promptTokenIds(generation), token_ids: answerTokenIds(generation) } : {}),
  }
}
