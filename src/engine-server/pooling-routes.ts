import { z } from 'zod'
import { mixBits } from '../engine/mix-bits.ts'
import type { Plan } from './call.ts'
import type { EngineContext } from './engine-context.ts'
import { checkModel, replyHead } from './engine-context.ts'
import type { Planner } from './generating-routes.ts'
import type { Generation } from './generation.ts'
import { createGeneration } from './generation.ts'
import type { Adapter } from './kv/block-content.ts'
import { parseBody } from './parse-body.ts'
import { TOKEN_BYTES } from './prompt-writer.ts'
import type { Prompt } from './prompts.ts'
import { promptList, promptsSchema, writePrompt } from './prompts.ts'
import type { ReplyHead, ReplyShape } from './reply-shape.ts'
import { tokenCounts, tokensDetails } from './reply-shape.ts'
import { after } from './tokens/after.ts'
import { tokenizedPrompts } from './tokens/tokenized.ts'

const DIMENSIONS = 64

const embeddingsBody = z.object({
  model: z.string().nullish(),
  input: promptsSchema,
  dimensions: z.int().min(1).max(65_536).nullish(),
  encoding_format: z.enum(['float', 'base64']).nullish(),
})

const texts = z.union([z.string(), z.array(z.string()).min(1)])

const scoreBody = z.object({ model: z.string().nullish(), text_1: texts, text_2: texts })

const rerankBody = z.object({
  model: z.string().nullish(),
  query: z.string(),
  documents: z.array(z.string()).min(1),
  top_n: z.int().min(0).nullish(),
})

/** `POST /v1/embeddings`: vectors of length 1 that follow from the prompt. */
export const planEmbeddings: Planner = (context, json, id) => {
  const body = parseBody(embeddingsBody, json)
  const adapter = checkModel(context, body.model)
  const encode = (values: Float32Array): unknown =>
    body.encoding_format === 'base64' ? Buffer.from(values.buffer).toString('base64') : [...values]
  const length = body.dimensions ?? DIMENSIONS
  return pooling(context, promptList(body.input), { adapter, id }, (head, all) => ({
    id: `embd-${head.id}`,
    object: 'list',
    created: head.created,
    model: head.model,
    data: all.map(({ index, digest }) => ({ index, object: 'embedding', embedding: encode(vector(digest, length)) })),
    usage: poolingUsage(all, head),
  }))
}

/** `POST /v1/score`: one text against one or many, or pair by pair. */
export const planScore: Planner = (context, json, id) => {
  const body = parseBody(scoreBody, json)
  const adapter = checkModel(context, body.model)
  const left = [body.text_1].flat()
  const right = [body.text_2].flat()
  const prompts = right.map((text, index) => pair(left[left.length === 1 ? 0 : index] ?? '', text))
  return pooling(context, prompts, { adapter, id }, (head, all) => ({
    id: `score-${head.id}`,
    object: 'list',
    created: head.created,
    model: head.model,
    data: all.map(({ index, digest }) => ({ index, object: 'score', score: fraction(digest) })),
    usage: poolingUsage(all, head),
  }))
}

/** `POST /v1/rerank`: the documents in order of their score. */
export const planRerank: Planner = (context, json, id) => {
  const body = parseBody(rerankBody, json)
  const adapter = checkModel(context, body.model)
  const prompts = body.documents.map((document) => pair(body.query, document))
  return pooling(context, prompts, { adapter, id }, (head, all) => ({
    id: `rerank-${head.id}`,
    model: head.model,
    usage: { total_tokens: tokenCounts(all).prompt },
    results: all
      .map(({ index, digest }) => {
        return { index, document: { text: body.documents[index] }, relevance_score: fraction(digest) }
      })
      .toSorted((a, b) => b.relevance_score - a.relevance_score)
      .slice(0, body.top_n || all.length),
  }))
}

/** Two texts as one prompt: the first one filled up to whole tokens, so that the same query shares its blocks. */
function pair(query: string, text: string): string {
  const odd = Buffer.byteLength(query) % TOKEN_BYTES
  return query + ' '.repeat(odd === 0 ? 0 : TOKEN_BYTES - odd) + text
}

function pooling(
  context: EngineContext,
  prompts: readonly Prompt[],
  { adapter, id }: { readonly adapter: Adapter | undefined; readonly id: string },
  body: (head: ReplyHead, generations: readonly Generation[]) => object,
): Plan | Promise<Plan> {
  const head = replyHead(context, id, adapter)
  const shape: ReplyShape = { token: () => '', end: () => '', body: (all) => body(head, all) }
  return after(tokenizedPrompts(context, prompts), (list) => {
    const generations = list.map((prompt, index) => {
      writePrompt(context.writer, prompt)
      return createGeneration(context.writer, { maxTokens: 0, adapter }, context, { index })
    })
    return { stream: false, generations, shape }
  })
}

function poolingUsage(generations: readonly Generation[], { reportCachedTokens }: ReplyHead): object {
  const { prompt, cached } = tokenCounts(generations)
  return {
    prompt_tokens: prompt,
    total_tokens: prompt,
    completion_tokens: 0,
    prompt_tokens_details: tokensDetails(cached, reportCachedTokens),
  }
}

function vector(digest: number, length: number): Float32Array {
  const values = Float32Array.from({ length }, (_, at) => fraction(digest + Math.imul(at + 1, 0x9e3779b1)) - 0.5)
  const norm = Math.hypot(...values)
  return values.map((value) => value / norm)
}

function fraction(digest: number): number {
  return mixBits(digest) / 2 ** 32
}
