import fc from 'fast-check'
import type { BlocksRemoved, BlocksStored, CacheTier, ExtraKey, KvEvent } from '../kv-event.ts'

/** Which fields an encoding can carry; the others are left at their defaults. */
export interface EventFields {
  readonly tiers: readonly CacheTier[]
  readonly hashBits: number
  readonly lora: boolean
  readonly salt: boolean
  readonly images: boolean
  readonly otherKeys: boolean
  readonly group: boolean
  readonly groupKind: boolean
  readonly session: boolean
  readonly locality: boolean
  readonly ownership: boolean
}

/** Everything that vLLM's map form carries. */
export const ALL_FIELDS: EventFields = {
  tiers: ['gpu', 'cpu', 'disk', 'remote'],
  hashBits: 64,
  lora: true,
  salt: true,
  images: true,
  otherKeys: true,
  group: true,
  groupKind: true,
  session: true,
  locality: true,
  ownership: true,
}

const name = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'b', 'ä', '0', '-', '"', '😀') })
const count = fc.nat(1_000_000)
/** Made once: an arbitrary of a pattern is costly to make. */
const digest = fc.stringMatching(/^([0-9a-f]{2}){1,8}$/)

/** Objects like those that literals make. */
function plain<Shape>(shape: { [Name in keyof Shape]: fc.Arbitrary<Shape[Name]> }): fc.Arbitrary<Shape> {
  return fc.record<Shape>(shape, { noNullPrototype: true })
}

function maybe<Value>(has: boolean, value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return has ? fc.option(value, { nil: undefined }) : fc.constant(undefined)
}

/** Hashes with all bits, small ones and the edges of the signed and unsigned ranges among them. */
export function arbitraryHash(bits: number): fc.Arbitrary<bigint> {
  const most = 2n ** BigInt(bits) - 1n
  return fc.oneof(
    fc.bigInt({ min: 1n, max: most }),
    fc.bigInt({ min: 1n, max: 300n }),
    fc.constantFrom(most, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 63n - 1n, 2n ** 32n),
  )
}

function extraKey(fields: EventFields): fc.Arbitrary<ExtraKey> {
  const image = plain({ kind: fc.constant('multimodal' as const), identifier: name, offset: count })
  if (!fields.otherKeys) return image
  return fc.oneof(
    image,
    plain({ kind: fc.constant('embeddings' as const), digest }),
    plain({ kind: fc.constant('other' as const), text: name }),
  )
}

/** Keys in the order in which engines write them. */
function ordered(keys: readonly ExtraKey[]): readonly ExtraKey[] {
  return [...keys.filter((key) => key.kind === 'multimodal'), ...keys.filter((key) => key.kind !== 'multimodal')]
}

function arbitraryStored(fields: EventFields): fc.Arbitrary<BlocksStored> {
  const shape = plain({ blocks: fc.integer({ min: 1, max: 4 }), blockSize: fc.integer({ min: 1, max: 5 }) })
  return shape.chain(({ blocks, blockSize }) => {
    const tokens = fc.array(fc.nat(0xffff_ffff), { minLength: blocks * blockSize, maxLength: blocks * blockSize })
    const keys = fc.array(fc.array(extraKey(fields), { maxLength: 3 }).map(ordered), {
      minLength: blocks,
      maxLength: blocks,
    })
    const start = fc.oneof(
      plain({ parentHash: fc.constant(undefined), cacheSalt: maybe(fields.salt, name) }),
      plain({ parentHash: arbitraryHash(fields.hashBits), cacheSalt: fc.constant(undefined) }),
    )
    const rest = plain({
      type: fc.constant('blocks-stored' as const),
      blockHashes: fc.array(arbitraryHash(fields.hashBits), { minLength: blocks, maxLength: blocks }),
      tokenIds: tokens.map((list) => Uint32Array.from(list)),
      blockSize: fc.constant(blockSize),
      tier: fc.constantFrom(...fields.tiers),
      loraId: maybe(fields.lora, count),
      loraName: maybe(
        fields.lora,
        name.map((text) => `adapter ${text}`),
      ),
      extraKeys: maybe(fields.images, keys),
      groupIndex: maybe(fields.group, count),
      groupKind: maybe(fields.groupKind, fc.constantFrom('full_attention', 'mamba')),
      slidingWindow: maybe(fields.groupKind, count),
      locality: maybe(fields.locality, name),
      ownership: maybe(fields.ownership, name),
      sessionId: maybe(fields.session, name),
    })
    return fc.tuple(rest, start).map(([one, other]) => ({ ...one, ...other }))
  })
}

function arbitraryRemoved(fields: EventFields): fc.Arbitrary<BlocksRemoved> {
  return plain({
    type: fc.constant('blocks-removed' as const),
    blockHashes: fc.array(arbitraryHash(fields.hashBits), { maxLength: 5 }),
    tier: fc.constantFrom(...fields.tiers),
    groupIndex: maybe(fields.group, count),
    locality: maybe(fields.locality, name),
    ownership: maybe(fields.ownership, name),
  })
}

/** Any event that an encoding with these fields can carry without loss. */
export function arbitraryEvent(fields: EventFields): fc.Arbitrary<KvEvent> {
  const cleared = plain({
    type: fc.constant('all-blocks-cleared' as const),
    ownership: maybe(fields.ownership, name),
  })
  return fc.oneof(arbitraryStored(fields), arbitraryRemoved(fields), cleared)
}
