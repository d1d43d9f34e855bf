import { encode as pack } from '@msgpack/msgpack'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeSglang } from './decode-sglang.ts'
import { decodeTensorrtLlm, decodeTensorrtLlmPull } from './decode-tensorrt-llm.ts'
import { decodeVllm } from './decode-vllm.ts'
import { createVllmEncoder } from './encode-vllm.ts'
import { type BlocksStored, type KvEventBatch, PLAIN_STORE } from './kv-event.ts'

// Written by msgspec 0.22 from vLLM's declarations: tokens 1 to 8 in blocks of 4, then a removal, then a clearing.
const POSITIONAL =
  '93cb3ff8000000000000939aab426c6f636b53746f72656492cf1e0b2e028ef071cbcfefad121d154ab2d6c098010203040506070804c0' +
  'a3475055c0c0c094ac426c6f636b52656d6f76656491cfefad121d154ab2d6a3475055c091b0416c6c426c6f636b73436c656172656400'
const MAPS =
  '93cb3ff8000000000000938aa474797065ab426c6f636b53746f726564ac626c6f636b5f68617368657392cf1e0b2e028ef071cbcfefad' +
  '121d154ab2d6b1706172656e745f626c6f636b5f68617368c0a9746f6b656e5f696473980102030405060708aa626c6f636b5f73697a65' +
  '04a76c6f72615f6964c0a66d656469756da3475055a96c6f72615f6e616d65c0aa65787472615f6b65797392c0c0a967726f75705f6964' +
  '780084a474797065ac426c6f636b52656d6f766564ac626c6f636b5f68617368657391cfefad121d154ab2d6a66d656469756da3475055' +
  'a967726f75705f6964780081a474797065b0416c6c426c6f636b73436c656172656400'

const stored: BlocksStored = {
  type: 'blocks-stored',
  blockHashes: [2164874634404590027n, 17270480062156288726n],
  parentHash: undefined,
  tokenIds: Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  blockSize: 4,
  tier: 'gpu',
  ...PLAIN_STORE,
}

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

function batchOf(payload: Uint8Array, decode = decodeVllm): KvEventBatch {
  const decoded = decode(payload, 5)
  if (!decoded.ok) throw new Error(decoded.found)
  return decoded.batch
}

function events(...raw: unknown[]): Uint8Array {
  return pack([1.5, raw, 0], { useBigInt64: true })
}

test('recorded bytes are read, in both forms, and written again to the byte', () => {
  const removed = { type: 'blocks-removed', blockHashes: [17270480062156288726n], tier: 'gpu' } as const
  const positional = batchOf(bytes(POSITIONAL))
  expect(positional).toEqual({
    seq: 5,
    timestamp: 1.5,
    dataParallelRank: 0,
    events: [
      stored,
      { ...removed, groupIndex: undefined, locality: undefined, ownership: undefined },
      { type: 'all-blocks-cleared', ownership: undefined },
    ],
    skipped: [],
  })
  const maps = batchOf(bytes(MAPS))
  expect(maps.events[0]).toEqual({ ...stored, extraKeys: [[], []], groupIndex: 0 })
  expect(maps.events[1]).toMatchObject({ ...removed, groupIndex: 0 })
  expect(rewrite(positional, createVllmEncoder({ shape: 'array', fields: 9 }))).toBe(POSITIONAL)
  expect(rewrite(maps, createVllmEncoder())).toBe(MAPS)
})

function rewrite(batch: KvEventBatch, encode: ReturnType<typeof createVllmEncoder>): string {
  return Buffer.from(encode({ ...batch, timestamp: batch.timestamp ?? 0 })).toString('hex')
}

test('a batch may be a map, lack its rank, and have fields that nobody knows', () => {
  const cleared = { type: 'AllBlocksCleared', reason: 'new', [7]: 'seven' }
  expect(batchOf(pack({ ts: 2, events: [cleared], more: 1 }))).toMatchObject({
    timestamp: 2,
    events: [{}],
    skipped: [],
  })
  const long = ['BlockStored', [1], null, [9], 1, null, 'GPU', null, null, null, null, null, 'future', 'fields']
  expect(batchOf(pack([2, [long]])).events).toEqual([
    { ...stored, blockHashes: [1n], tokenIds: Uint32Array.of(9), blockSize: 1 },
  ])
})

test('a bad event does not take the others with it, and each reason is counted', () => {
  const good = ['BlockRemoved', [1n]]
  const batch = batchOf(
    events(
      good,
      ['BlockPromoted', [1]],
      { type: 'BlockPromoted' },
      ['BlockStored', [1, 2], null, [1, 2, 3], 2],
      ['BlockStored', ['no hash'], null, [1], 1],
      ['BlockStored', [1], null, [-1], 1],
      ['BlockStored', [1], null, ['<image>'], 1],
      ['BlockRemoved', 'x'],
      ['BlockRemoved', [1], 'TAPE'],
      null,
      42,
      [],
      good,
    ),
  )
  expect(batch.events).toHaveLength(2)
  expect(batch.skipped.map(({ reason, count }) => [reason, count])).toEqual([
    ['unknown-type', 2],
    ['malformed', 8],
    ['unknown-medium', 1],
  ])
  expect(batch.skipped[1]?.example).toBe('BlockStored with 3 tokens for 2 blocks of 2')
})

test('a hash is the same key however it is sent', () => {
  const digest = Buffer.from('c9d58ba695280d69b243e1e0df813136ca9196b286fb1a021e0b2e028ef071cb', 'hex')
  const hashes = [
    7,
    7n,
    new Uint8Array([0, 0, 0, 0, 0, 0, 0, 7]),
    '7',
    '0x7',
    -1,
    2n ** 64n - 1n,
    new Uint8Array(digest),
  ]
  const [event] = batchOf(events(['BlockRemoved', hashes])).events
  const keys = event?.type === 'blocks-removed' ? event.blockHashes : []
  expect(keys.slice(0, 5)).toEqual([7n, 7n, 7n, 7n, 7n])
  expect(keys.slice(5, 7)).toEqual([2n ** 64n - 1n, 2n ** 64n - 1n])
  expect(keys[7]).toBe(BigInt(`0x${digest.toString('hex')}`))
  expect(BigInt.asUintN(64, keys[7] ?? 0n)).toBe(2164874634404590027n)
})

test('blocks without tokens are known ones in another tier; a parent of 0 is none', () => {
  const batch = batchOf(
    events(['BlockStored', [1, 2], 5, [], 16, null, 'cpu_pinned'], ['BlockStored', [1], 0, [3], 1, null, null]),
  )
  expect(batch.events).toMatchObject([
    { tier: 'cpu', parentHash: 5n, tokenIds: new Uint32Array(0), blockSize: 16 },
    { tier: 'gpu', parentHash: undefined },
  ])
})

test('extra keys: adapter, salt, images and embeddings, tagged or not', () => {
  const digest = Uint8Array.of(0xab, 0xcd)
  const read = (keys: unknown[], parent: number | null, lora: string | null = 'my-lora') => {
    const tokens = keys.map((_, at) => at)
    const hashes = keys.map((_, at) => at + 1)
    const [event] = batchOf(events(['BlockStored', hashes, parent, tokens, 1, null, 'GPU', lora, keys])).events
    return event?.type === 'blocks-stored' ? event : undefined
  }
  const image = { kind: 'multimodal', identifier: 'mmhash', offset: 2 }
  expect(read([['my-lora', ['mmhash', 2], 'salt-a', digest], ['my-lora'], null], null)).toMatchObject({
    loraName: 'my-lora',
    cacheSalt: 'salt-a',
    extraKeys: [[image, { kind: 'embeddings', digest: 'abcd' }], [], []],
  })
  const tagged = [
    ['lora', 'my-lora', '/path'],
    ['mm', 'mmhash', 2],
    ['cache_salt', 'salt-a'],
    ['prompt_embeds', digest],
  ]
  expect(read([tagged], null, null)).toMatchObject({
    loraName: 'my-lora',
    cacheSalt: 'salt-a',
    extraKeys: [[image, { kind: 'embeddings', digest: 'abcd' }]],
  })
  expect(read([['mmhash']], 5)).toMatchObject({ cacheSalt: undefined, extraKeys: [[{ identifier: 'mmhash' }]] })
  expect(read([[{ new: 'kind' }]], null)?.extraKeys).toEqual([[{ kind: 'other', text: '{"new":"kind"}' }]])
  expect(read([['x'], 'no list'], null)).toBeUndefined()
})

test('SGLang: signed hashes, pairs of tokens, a salt of its own', () => {
  const first = { type: 'BlockStored', block_hashes: [-3488128144981237669n], parent_block_hash: null }
  const pairs = [1, 2, 3, 4].map((token) => [token, token + 1])
  const payload = events({ ...first, token_ids: pairs, block_size: 4, lora_id: null, cache_salt: 'salt-a' })
  expect(batchOf(payload, decodeSglang).events).toEqual([
    {
      ...stored,
      blockHashes: [2n ** 64n - 3488128144981237669n],
      tokenIds: Uint32Array.of(1, 2, 3, 4),
      cacheSalt: 'salt-a',
    },
  ])
})

test('TensorRT-LLM: an answer in JSON keeps every bit of its hashes', () => {
  const tokens = [1, 2].map((id) => ({ type: 'unique_token', token_id: id, token_extra_id: 0 }))
  const block = (hash: string, level: number, count = 2) =>
    `{"type":"stored_block","block_hash":${hash},"tokens":${JSON.stringify(tokens.slice(0, count))},` +
    `"cache_level":${level},"priority":35,"mm_keys":[],"cache_salt":null}`
  const text = `[
    {"event_id":0,"data":{"type":"created","num_blocks_per_cache_level":[8,2]},"window_size":4096},
    {"event_id":1,"data":{"type":"stored","parent_hash":null,"blocks":[
      ${block('17270480062156288726', 0)},${block('"2164874634404590027"', 0)},${block('3', 1)},${block('4', 1, 1)}
    ]},"window_size":4096,"attention_dp_rank":1},
    {"event_id":2,"data":{"type":"updated","block_hash":3,"cache_level":{"old_value":1,"new_value":0},"priority":null}},
    {"event_id":3,"data":{"type":"removed","block_hashes":[9007199254740993]}},
    {"event_id":4,"data":{"type":"split"}},
    {"event_id":5,"data":{"type":"removed","block_hashes":"all"}},
    17
  ]`
  const pulled = decodeTensorrtLlmPull(text, { tokensPerBlock: 2 })
  const batches = pulled.ok ? pulled.batches : []
  expect(batches.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5, undefined])
  expect(batches[1]).toMatchObject({
    dataParallelRank: 1,
    events: [
      {
        blockHashes: [17270480062156288726n, 2164874634404590027n],
        parentHash: undefined,
        tier: 'gpu',
        groupIndex: 4096,
      },
      { blockHashes: [3n], parentHash: 2164874634404590027n, tier: 'cpu', tokenIds: Uint32Array.of(1, 2) },
    ],
  })
  expect(batches[2]?.events).toMatchObject([
    { type: 'blocks-stored', blockHashes: [3n], tier: 'gpu', tokenIds: new Uint32Array(0) },
    { type: 'blocks-removed', blockHashes: [3n], tier: 'cpu' },
  ])
  expect(batches[3]?.events[0]).toMatchObject({ type: 'blocks-removed', blockHashes: [9007199254740993n] })
  expect(batches.slice(4).map(({ skipped }) => skipped[0]?.reason)).toEqual(['unknown-type', 'malformed', 'malformed'])
  expect(decodeTensorrtLlmPull('<html>')).toMatchObject({ ok: false })
  expect(decodeTensorrtLlmPull('{"error":"no events"}')).toEqual({ ok: false, found: 'a map with error' })
})

test('TensorRT-LLM: what tells pulled blocks of the same ids apart, and groups of layers', () => {
  const block = (extra: unknown, more: object = {}): object => ({
    block_hash: 'ab'.repeat(32),
    tokens: [
      { token_id: 1, token_extra_id: 0 },
      { token_id: 2, token_extra_id: extra },
    ],
    ...more,
  })
  const keysOf = (one: object): unknown => {
    const data = { type: 'stored', parent_hash: null, blocks: [one] }
    const pulled = decodeTensorrtLlmPull(JSON.stringify([{ event_id: 1, data, window_size: 8, layer_group_id: 3 }]))
    if (!pulled.ok) throw new Error(pulled.found)
    const [event] = pulled.batches[0]?.events ?? []
    if (event?.type !== 'blocks-stored') throw new Error('no stored blocks')
    expect(event).toMatchObject({ groupIndex: 3, blockHashes: [BigInt(`0x${'ab'.repeat(32)}`)] })
    return event.extraKeys
  }
  expect(keysOf(block(0))).toBeUndefined()
  expect(keysOf(block(undefined))).toBeUndefined()
  expect(keysOf(block(7))).toEqual([[{ kind: 'other', text: 'token_extra_id 1:7' }]])
  expect(keysOf(block('12345678901234567890'))).not.toEqual(keysOf(block('12345678901234567891')))
  const image = { mm_keys: [{ hash: 'cafe', start_offset: 4 }] }
  expect(keysOf(block(7, image))).toEqual([[{ kind: 'multimodal', identifier: 'cafe', offset: 4 }]])
})

test('TensorRT-LLM: long numbers inside text stay text', () => {
  const salt = 'a,12345678901234567890,:-1234567890123456'
  const blocks = `[{"block_hash":17270480062156288726,"tokens":[{"token_id":1}],"cache_salt":${JSON.stringify(salt)}}]`
  const pulled = decodeTensorrtLlmPull(`[{"data":{"type":"stored","parent_hash":9007199254740993,"blocks":${blocks}}}]`)
  expect(pulled).toMatchObject({
    batches: [
      {
        events: [{ blockHashes: [17270480062156288726n], parentHash: 9007199254740993n, cacheSalt: salt }],
        skipped: [],
      },
    ],
  })
})

test('what is no batch is described, not thrown', () => {
  expect(decodeVllm(pack(['x', 'y']))).toEqual({ ok: false, found: 'a list of 2' })
  expect(decodeVllm(new Uint8Array(0))).toMatchObject({ ok: false })
  const text = decodeVllm(new TextEncoder().encode('HTTP/1.1 200 OK'))
  expect(text).toMatchObject({ ok: false, found: expect.stringContaining('("HTTP/1.1 200 OK")') })
  // A list that claims 4 billion elements allocates nothing.
  expect(decodeVllm(bytes('ddffffffff'))).toMatchObject({ ok: false, found: expect.stringContaining('not msgpack') })
})

const decoders = [decodeVllm, decodeSglang, decodeTensorrtLlm]

test('no bytes make a decoder throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
      for (const decode of decoders) expect(typeof decode(payload).ok).toBe('boolean')
      expect(typeof decodeTensorrtLlmPull(Buffer.from(payload).toString()).ok).toBe('boolean')
    }),
    { numRuns: 1000 },
  )
})

const ONE_BLOCK = { block_hashes: [1], token_ids: [1], block_size: 1 }

test('no value in the place of an event, a field or a batch makes a decoder throw', () => {
  const value = fc.anything({ maxDepth: 3, withBigInt: false, withNullPrototype: false, withTypedArray: false })
  const field = fc.constantFrom(
    'block_hashes',
    'parent_block_hash',
    'token_ids',
    'block_size',
    'medium',
    'extra_keys',
    'mm_keys',
  )
  const event = fc.oneof(
    value,
    fc.array(value).map((rest) => ['BlockStored', ...rest]),
    fc.dictionary(field, value).map((map) => ({ type: 'BlockStored', ...ONE_BLOCK, ...map })),
    fc.dictionary(field, value).map((map) => ({ type: 'BlockRemoved', ...map })),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 4 }), value, (raw, odd) => {
      let payload: Uint8Array
      try {
        payload = pack([1.5, raw, odd])
      } catch {
        return
      }
      for (const decode of decoders) {
        const decoded = decode(payload)
        if (!decoded.ok) continue
        const skipped = decoded.batch.skipped.reduce((sum, { count }) => sum + count, 0)
        expect(decoded.batch.events.length + skipped).toBe(raw.length)
      }
      const entries = raw.map((data, event_id) => ({ event_id, data }))
      expect(decodeTensorrtLlmPull(JSON.stringify(entries) ?? '').ok).toBe(true)
    }),
    // MessagePack's 64-bit integers are no numbers in JavaScript.
    { numRuns: 500, examples: [[[{ type: 'BlockStored', ...ONE_BLOCK, mm_keys: [[-(2 ** 31) - 1]] }], {}]] },
  )
})
