import { join } from 'node:path'
import { mkdir, writeFile } from 'node:fs/promises'
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.ts'
import {
  buildTokenizerJson,
  repositoryText,
  SPECIALS,
  TINY_CONFIG,
} from '../../src/tokenizer/testing/tiny-tokenizer.ts'
import { createTextSynthesizer } from '../../src/workload/synthesize-text.ts'
import type { WorkloadRequest } from '../../src/workload/workload.ts'
import { type ChatSource, createChatText } from './chat-text.ts'
import { MODEL, type PromptsName } from './settings.ts'
import { tokenIds } from './token-ids.ts'

/** How the prompts of the trace are sent. */
export interface PromptForm {
  readonly name: PromptsName
  /** The route they are sent to. */
  readonly path: string
  /** Folder of the model whose tokenizer router and engines have; undefined where prompts are token ids. */
  readonly tokenizer: string | undefined
  /** What writes bodies of requests; those of another salt share nothing with them. */
  bodies(salt: number): (request: WorkloadRequest) => string
}

/** Text of this repository that the vocabulary is learned from, and chats are cut from; in bytes. */
const SOURCE_BYTES = 1_200_000
export const MERGES = 8000

/** Token ids, or chats with a tokenizer that is put into the folder. */
export async function promptForm(name: PromptsName, folder: string): Promise<PromptForm> {
  return name === 'ids' ? idsForm() : await chatForm(join(folder, 'model'))
}

function idsForm(): PromptForm {
  return {
    name: 'ids',
    path: '/v1/completions',
    tokenizer: undefined,
    bodies(salt) {
      const text = createTextSynthesizer(salt)
      return (request) => bodyOf(request, { prompt: tokenIds(request, text) })
    },
  }
}

async function chatForm(tokenizer: string): Promise<PromptForm> {
  const source = await learn(tokenizer)
  return {
    name: 'chat',
    path: '/v1/chat/completions',
    tokenizer,
    bodies(salt) {
      const messages = createChatText(source, salt)
      return (request) => bodyOf(request, { messages: messages(request) })
    },
  }
}

/** Writes a model's folder with a vocabulary learned from the text that chats are cut from. */
async function learn(folder: string): Promise<ChatSource> {
  const text = (await repositoryText(SOURCE_BYTES)).replaceAll(/<\|\w*\|>|<\/?tool_call>/g, '')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(buildTokenizerJson(text, MERGES, SPECIALS)))
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(TINY_CONFIG))
  const { tokenizer } = await loadTokenizer(folder)
  await using _ = tokenizer
  return { text, charactersPerToken: text.length / (await tokenizer.count(text)) }
}

/** A streamed request of as many tokens as recorded. */
function bodyOf({ outputTokens }: WorkloadRequest, prompt: object): string {
  const settings = { max_tokens: outputTokens, temperature: 0, stream: true, ignore_eos: true }
  return JSON.stringify({ model: MODEL, ...prompt, ...settings, stream_options: { include_usage: true } })
}
