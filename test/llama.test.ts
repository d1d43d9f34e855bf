import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { findLlamaServer, llamaFleet } from './testing/llama-fleet.ts'
import { MAY_BE_LATE } from './testing/may-be-late.ts'
import { metricsPage } from './testing/metrics-page.ts'
import { runRouter } from './testing/router-fixture.ts'

const found = findLlamaServer()
if ('missing' in found) console.warn(`SKIPPED: no real llama.cpp server for test/llama.test.ts: ${found.missing}`)
const program = 'program' in found ? found.program : ''

const ENGINES = 3
const CHATS = 4
const TURNS = 3
const ROUNDS = 6

interface Reuse {
  readonly cached: number
  readonly prompt: number
}

/** Prompt tokens that the index believed an endpoint to have cached, beside those the engine found there. */
interface Prediction {
  readonly endpoint: string
  readonly predicted: number
  readonly reported: number
}

interface Measured extends Reuse {
  readonly predictions: readonly Prediction[]
}

/** The same load for every policy: chats of several turns side by side, each turn with the real answer before it. */
async function multiTurnChats(gateway: string): Promise<Reuse> {
  const client = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: 'none', maxRetries: 0 })
  const results: Reuse[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const chats = Array.from({ length: CHATS }, (_, chat) => oneChat(client, round * CHATS + chat))
    results.push(...(await Promise.all(chats)))
  }
  return {
    cached: results.reduce((sum, { cached }) => sum + cached, 0),
    prompt: results.reduce((sum, { prompt }) => sum + prompt, 0),
  }
}

/**
 * Chats open one after the other, and users take different times to ask on: in lockstep, round robin would take every chat
 * to another engine each turn, or bring all back to theirs, by the mere number of chats.
 */
const STAGGER_MS = 30
const THINK_MS = 100

async function oneChat(client: OpenAI, chat: number): Promise<Reuse> {
  await sleep((chat % CHATS) * STAGGER_MS)
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: `Chat ${chat}: ${`rule ${chat * 7} of this assistant. `.repeat(35)}` },
  ]
  const reuse = { cached: 0, prompt: 0 }
  for (let turn = 0; turn < TURNS; turn++) {
    messages.push({ role: 'user', content: `Question ${turn} of chat ${chat}: ${'why and how? '.repeat(10)}` })
    const answer = await client.chat.completions.create({ model: 'tiny', messages, max_tokens: 8 })
    reuse.cached += answer.usage?.prompt_tokens_details?.cached_tokens ?? 0
    reuse.prompt += answer.usage?.prompt_tokens ?? 0
    messages.push({ role: 'assistant', content: answer.choices[0]?.message.content || '-' })
    await sleep(THINK_MS * (0.5 + Math.random()))
  }
  return reuse
}

async function measure(policy: string): Promise<Measured> {
  await using fleet = await llamaFleet(program, ENGINES)
  await using router = await runRouter({ endpoints: fleet.urls, policy })
  const reuse = await multiTurnChats(router.gateway)
  return { ...reuse, predictions: await predictionsOf(router.admin) }
}

async function predictionsOf(admin: string): Promise<Prediction[]> {
  const { samples } = await metricsPage(admin)
  const family = (name: string) => samples.filter((sample) => sample.name === `kvasir_reuse_${name}_tokens_total`)
  const reported = new Map(family('reported').map(({ labels, value }) => [labels['endpoint'], value]))
  return family('predicted').map(({ labels, value }) => ({
    endpoint: labels['endpoint'] ?? '',
    predicted: value,
    reported: reported.get(labels['endpoint']) ?? 0,
  }))
}

/** Predicted as a share of reported tokens, all endpoints together; printed for each of them. */
function predictedShare(policy: string, predictions: readonly Prediction[]): number {
  const total = (of: (prediction: Prediction) => number) => predictions.reduce((sum, one) => sum + of(one), 0)
  const sums = {
    endpoint: 'together',
    predicted: total((one) => one.predicted),
    reported: total((one) => one.reported),
  }
  for (const { endpoint, predicted, reported } of [...predictions, sums]) {
    console.log(
      `${policy}, ${endpoint}: ${predicted.toFixed(0)} cached tokens predicted, ${reported} reported: ${(predicted / reported).toFixed(3)}`,
    )
  }
  return sums.predicted / sums.reported
}

describe.skipIf(program === '')('three real llama.cpp servers', () => {
  it('find at least 1.5 times as many prompt tokens cached as under round robin', { timeout: 120_000 }, async () => {
    const roundRobin = await measure('round-robin')
    const ours = await measure('marginal-cost')
    const shareOf = ({ cached, prompt }: Reuse): string =>
      `${cached} of ${prompt} (${((100 * cached) / prompt).toFixed(1)} %)`
    const ratio = ours.cached / roundRobin.cached
    console.log(
      `cached tokens, the engines' own word: marginal-cost ${shareOf(ours)}, round-robin ${shareOf(roundRobin)}: ${ratio.toFixed(2)} times`,
    )
    expect(ours.prompt).toBeGreaterThan(10_000)
    expect(ratio).toBeGreaterThanOrEqual(1.5)
    // Every answer's report counts, and what was expected of the caches is what was found in them.
    expect(ours.predictions.reduce((sum, { reported }) => sum + reported, 0)).toBe(ours.cached)
    expect(predictedShare('round-robin', roundRobin.predictions)).toBeGreaterThan(0.5)
    const share = predictedShare('marginal-cost', ours.predictions)
    expect(share).toBeGreaterThan(0.75)
    expect(share).toBeLessThan(1.25)
  })

  it(
    'stream through the gateway, and free the slot when the client leaves',
    { timeout: 60_000, ...MAY_BE_LATE },
    async () => {
      await using fleet = await llamaFleet(program, 1)
      await using router = await runRouter({ endpoints: fleet.urls })
      const client = new OpenAI({ baseURL: `${router.gateway}/v1`, apiKey: 'none', maxRetries: 0 })
      const stream = await client.chat.completions.create({
        model: 'tiny',
        messages: [{ role: 'user', content: 'Tell me everything' }],
        max_tokens: 3000,
        stream: true,
      })
      let chunks = 0
      for await (const _chunk of stream) if (++chunks === 3) break
      const left = performance.now()
      stream.controller.abort()
      const busy = async (): Promise<boolean> => {
        const slots: unknown = await (await fetch(`${fleet.urls[0]}/slots`)).json()
        return JSON.stringify(slots).includes('"is_processing":true')
      }
      while ((await busy()) && performance.now() - left < 2000);
      expect(performance.now() - left).toBeLessThan(500)
    },
  )
})
