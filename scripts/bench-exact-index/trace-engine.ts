import { readFileSync } from 'node:fs'
import type { StoredBlocks } from '../../src/prefix/block-events.ts'
import { namespaceSeed, type TokenKeys, tokenBlockKeys } from '../../src/prefix/token-block-keys.ts'
import { mooncakeFormat, parseBlockTrace } from '../../src/workload/block-trace.ts'
import { mixBits } from '../../src/workload/random.ts'

/** Tokens in a block. */
export const BLOCK = 16
/** Blocks that an engine's cache holds. */
export const CAPACITY = 16_384
export const SEED = namespaceSeed({}, BLOCK)
/** Blocks of 16 tokens in one of the trace's. */
const CUT = 512 / BLOCK

/** A prompt of the trace: its blocks by number. Equal numbers are equal blocks after equal prompts. */
export type Prompt = Int32Array

export interface Events {
  readonly slot: number
  readonly stored: StoredBlocks | undefined
  readonly removed: readonly bigint[]
}

/** The prompts of a trace in Mooncake's format, cut into blocks of 16 tokens. */
export function readPrompts(path: string): Prompt[] {
  const { sessions } = parseBlockTrace(readFileSync(path, 'utf8'), path, mooncakeFormat)
  return sessions.flatMap(({ requests }) =>
    requests.map(({ messages, promptTokens }) => {
      const ids = messages[0]?.parts[0]?.ids ?? []
      return Int32Array.from({ length: Math.floor(promptTokens / BLOCK) }, (_, at) => {
        return ids[Math.floor(at / CUT)]! * CUT + (at % CUT)
      })
    }),
  )
}

const hashWords = new Uint32Array(2)
const hashNumber = new BigUint64Array(hashWords.buffer)

/** What the engine calls a block. */
export function engineHash(block: number): bigint {
  hashWords[0] = mixBits(block)
  hashWords[1] = mixBits(block ^ 0x5bd1e995)
  return hashNumber[0]!
}

/** Token ids of the prompt behind its first `from` blocks. */
export function tokensOf(prompt: Prompt, from: number): Uint32Array {
  const tokens = new Uint32Array((prompt.length - from) * BLOCK)
  for (let at = 0; at < tokens.length; at++) {
    const block = prompt[from + Math.floor(at / BLOCK)]!
    tokens[at] = mixBits(block * BLOCK + (at % BLOCK)) % 128_000
  }
  return tokens
}

export function keysOf(prompt: Prompt): TokenKeys {
  return tokenBlockKeys(tokensOf(prompt, 0), BLOCK, SEED)
}

/** A cache of 16,384 blocks that evicts its least recently used ones, last ones first. */
export class Engine {
  readonly slot: number
  /** Least recently used first. */
  readonly blocks = new Map<number, true>()

  constructor(slot: number) {
    this.slot = slot
  }

  depth(prompt: Prompt): number {
    let depth = 0
    while (depth < prompt.length && this.blocks.has(prompt[depth]!)) depth++
    return depth
  }

  /** Computes a prompt; what the engine publishes then. */
  run(whole: Prompt): Events {
    const prompt = whole.subarray(0, CAPACITY)
    const held = this.depth(prompt)
    for (let at = prompt.length - 1; at >= 0; at--) {
      this.blocks.delete(prompt[at]!)
      this.blocks.set(prompt[at]!, true)
    }
    const removed: bigint[] = []
    for (const oldest of this.blocks.keys()) {
      if (this.blocks.size <= CAPACITY) break
      this.blocks.delete(oldest)
      removed.push(engineHash(oldest))
    }
    return { slot: this.slot, stored: held < prompt.length ? storedFrom(prompt, held) : undefined, removed }
  }
}

function storedFrom(prompt: Prompt, from: number): StoredBlocks {
  return {
    blockHashes: Array.from(prompt.subarray(from), engineHash),
    parentHash: from === 0 ? undefined : engineHash(prompt[from - 1]!),
    tokenIds: tokensOf(prompt, from),
    blockSize: BLOCK,
  }
}
