import { expect } from 'vitest'
import { z } from 'zod'
import type { RunningEngine } from '../../src/engine-server/start-engine-server.ts'
import { CHAT } from './chat.ts'
import { decisionViews } from './decision-views.ts'
import { endpointViews } from './endpoint-views.ts'
import { eventually } from './eventually.ts'
import { post } from './post.ts'
import type { RunningRouter } from './router-fixture.ts'

export const BLOCK = 16
export const MODEL = 'simulated'
export const COMPLETIONS = '/v1/completions'
const answerShape = z.object({
  usage: z.object({
    prompt_tokens: z.int(),
    prompt_tokens_details: z.object({ cached_tokens: z.int() }).nullish(),
  }),
})
const tokensShape = z.array(z.object({ model: z.string(), exact: z.boolean(), reason: z.string(), why: z.string() }))

export function endpointOf({ url, kvEventSources: [source] }: RunningEngine, id = 'e'): object {
  const events = source && { address: source.endpoint, replay: source.replay_endpoint }
  return { url, id, ...(events === undefined ? {} : { kvEvents: events }) }
}

/** What `/api/endpoints` says of an endpoint's tokens. */
export async function tokensOf(
  { admin }: RunningRouter,
  id = 'e',
): Promise<z.output<typeof tokensShape>[number] | undefined> {
  const view = (await endpointViews(admin)).find((one) => one.id === id)
  return tokensShape.parse(view?.['tokens'])[0]
}

export async function compared(router: RunningRouter, id = 'e'): Promise<z.output<typeof tokensShape>[number]> {
  return await eventually(`the tokens of ${id} are compared`, async () => {
    const found = await tokensOf(router, id)
    return found !== undefined && !['waiting', 'loading'].includes(found.reason) && found
  })
}

export const prefixMode = async ({ admin }: RunningRouter, id = 'e'): Promise<unknown> => {
  const view = (await endpointViews(admin)).find((one) => one.id === id)
  return z.looseObject({ mode: z.string(), reason: z.string() }).parse(view?.['prefix'])
}

export const metric = async ({ admin }: RunningRouter, start: string): Promise<number | undefined> => {
  const page = await (await fetch(`${admin}/metrics`)).text()
  const line = page.split('\n').find((one) => one.startsWith(start))
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')))
}

export interface Turn {
  readonly matched: number
  readonly decided: number
  readonly cached: number
  readonly prompt: number
}

/** Sends a request, and puts side by side what the router believed and what the engine then found. */
export async function ask({ gateway, admin }: RunningRouter, path: string, body: object): Promise<Turn> {
  const answer = await post(gateway + path, JSON.stringify({ model: MODEL, max_tokens: 2, temperature: 0.5, ...body }))
  expect(answer.status).toBe(200)
  const { usage } = answerShape.parse(await answer.json())
  const [decision] = await decisionViews(admin, 1)
  return {
    matched: decision?.matchedTokens ?? -1,
    decided: decision?.promptTokens ?? -1,
    cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
    prompt: usage.prompt_tokens,
  }
}

/** What the engine can find cached of a match: it computes the last token at least, with the block it is in. */
export const usable = ({ matched, prompt }: Turn): number => Math.min(matched, BLOCK * Math.floor((prompt - 1) / BLOCK))

export const text = (seed: number, length: number): string =>
  Array.from({ length }, (_, i) => `word${(seed * 31 + i * 17) % 211}`).join(' ')

/** Conversations of several turns that share a system prompt, one turn of each after the other. */
export async function* conversations(router: RunningRouter, chats: number, turns: number): AsyncGenerator<Turn> {
  const messages = Array.from({ length: chats }, (_, chat) => [
    { role: 'system', content: text(1, 60) },
    { role: 'user', content: `chat ${chat}: ${text(chat, 30)}` },
  ])
  for (let turn = 0; turn < turns; turn++) {
    for (const chat of messages) {
      yield await ask(router, CHAT, { messages: chat })
      chat.push({ role: 'assistant', content: text(turn, 12) }, { role: 'user', content: `and é ${text(turn, 20)}` })
    }
  }
}
