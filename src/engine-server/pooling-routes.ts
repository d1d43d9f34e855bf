import { z } from 'zod'
import { mixBits } from '../engine/mix-bits.ts'
import type { Plan } from './call.ts'
import type { EngineContext } from './engine-context.ts'
import { checkModel, replyHead } from './engine-context.ts'
import type { Generation } from './generation.ts'
import { createGeneration } from './generation.ts'
import { parseBody } from './parse-body.ts'
import { promptList, promptsSchema, writePrompt } from './prompts.ts'
import type { ReplyHead, ReplyShape } from './reply-shape.ts'
import { tokenCounts } from './reply-shape.ts'

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
export function planEmbeddings(context: EngineContext, json: unknown, id: string): Plan {
  const body = parseBody(embeddingsBody, json)
  checkModel(context, body.model)
  const generations = promptList(body.input).map((prompt, index) => {
    writePrompt(context.writer, prompt)
    return createGeneration(context.writer, { maxTokens: 0 }, context, { index })
  })
  const encode = (values: Float32Array): unknown =>
    body.encoding_format === 'base64' ? Buffer.from(values.buffer).toString('base64') : [...values]
  const length = body.dimensions ?? DIMENSIONS
  return pooling(generations, replyHead(context, id), (head, all) => ({
    id: `embd-${head.id}`,
    object: 'list',
    created: head.created,
    model: head.model,
    data: all.map(({ index, digest }) => ({ index, object: 'embedding', embedding: encode(vector(digest, length)) })),
    usage: poolingUsage(all),
  }))
}

/** `POST /v1/score`: one text against one or many, or pair by pair. */
export function planScore(context: EngineContext, json: unknown, id: string): Plan {
  const body = parseBody(scoreBody, json)
  checkModel(context, body.model)
  const left = [body.text_1].flat()
  const right = [body.text_2].flat()
  const generations = right.map((text, index) => pair(context, left[left.length === 1 ? 0 : index] ?? '', text, index))
  return pooling(generations, replyHead(context, id), (head, all) => ({
    id: `score-${head.id}`,
    object: 'list',
    created: head.created,
    model: head.model,
    data: all.map(({ index, digest }) => ({ index, object: 'score', score: fraction(digest) })),
    usage: poolingUsage(all),
  }))
}

/** `POST /v1/rerank`: the documents in order of their score. */
export function planRerank(context: EngineContext, json: unknown, id: string): Plan {
  const body = parseBody(rerankBody, json)
  checkModel(context, body.model)
  const generations = body.documents.map((document, index) => pair(context, body.query, document, index))
  return pooling(generations, replyHead(context, id), (head, all) => ({
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

function pair({ writer, ...context }: EngineContext, query: string, text: string, index: number): Generation {
  writePrompt(writer, query)
  writer.pad()
  writer.text(text)
  return createGeneration(writer, { maxTokens: 0 }, context, { index })
}

function pooling(
  generations: readonly Generation[],
  head: ReplyHead,
  body: (head: ReplyHead, generations: readonly Generation[]) => object,
): Plan {
  const shape: ReplyShape = { token: () => '', end: () => '', body: (all) => body(head, all) }
  return { stream: false, generations, shape }
}

function poolingUsage(generations: readonly Generation[]): object {
  const { prompt, cached } = tokenCounts(generations)
  return {
    prompt_tokens: prompt,
    total_tokens: prompt,
    completion_tokens: 0,
    prompt_tokens_details: { cached_tokens: cached },
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
