/** 64 bits. */
const MASK = 0xffff_ffff_ffff_ffffn
const PRIME32_1 = 0x9e3779b1n
const PRIME32_2 = 0x85ebca77n
const PRIME32_3 = 0xc2b2ae3dn
const PRIME64_1 = 0x9e3779b185ebca87n
const PRIME64_2 = 0xc2b2ae3d27d4eb4fn
const PRIME64_3 = 0x165667b19e3779f9n
const PRIME64_4 = 0x85ebca77c2b2ae63n
const PRIME64_5 = 0x27d4eb2f165667c5n
const PRIME_MX1 = 0x165667919e3779f9n
const PRIME_MX2 = 0x9fb21c651e98df25n

/** The default secret of the algorithm's specification. */
const SECRET = Buffer.from(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248e' +
    'e03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a' +
    '51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8f' +
    'f8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
  'hex',
)

const SECRET_SIZE = 192
const SECRET_MIN = 136
const STRIPE = 64
const LANES = 8

interface Halves {
  readonly low: bigint
  readonly high: bigint
}

/**
 * XXH3 with 128 bits, seed 0, as 16 bytes in canonical (big-endian) order. Written after the specification of xxHash
 * with big integers, for checks and not for speed.
 */
export function xxh3Digest(input: Uint8Array): Uint8Array {
  const data = Buffer.from(input.buffer, input.byteOffset, input.length)
  const { low, high } = hash(data)
  const out = Buffer.alloc(16)
  out.writeBigUInt64BE(high, 0)
  out.writeBigUInt64BE(low, 8)
  return new Uint8Array(out)
}

function hash(data: Buffer): Halves {
  const { length } = data
  if (length === 0) {
    return { low: avalanche64(secret(64) ^ secret(72)), high: avalanche64(secret(80) ^ secret(88)) }
  }
  if (length <= 3) return hash1to3(data)
  if (length <= 8) return hash4to8(data)
  if (length <= 16) return hash9to16(data)
  if (length <= 128) return hash17to128(data)
  return length <= 240 ? hash129to240(data) : hashLong(data)
}

function hash1to3(data: Buffer): Halves {
  const { length } = data
  const [first, middle, last] = [data[0]!, data[length >> 1]!, data[length - 1]!]
  const combined = BigInt(((first << 16) | (middle << 24) | last | (length << 8)) >>> 0)
  const swapped = rotate32(swap32(combined), 13n)
  const flipLow = BigInt(SECRET.readUInt32LE(0) ^ SECRET.readUInt32LE(4)) & 0xffff_ffffn
  const flipHigh = BigInt(SECRET.readUInt32LE(8) ^ SECRET.readUInt32LE(12)) & 0xffff_ffffn
  return { low: avalanche64(combined ^ flipLow), high: avalanche64(swapped ^ flipHigh) }
}

function hash4to8(data: Buffer): Halves {
  const { length } = data
  const combined = BigInt(data.readUInt32LE(0)) + (BigInt(data.readUInt32LE(length - 4)) << 32n)
  const keyed = combined ^ secret(16) ^ secret(24)
  const product = multiply(keyed, (PRIME64_1 + (BigInt(length) << 2n)) & MASK)
  const high = (product.high + (product.low << 1n)) & MASK
  let low = product.low ^ (high >> 3n)
  low = ((low ^ (low >> 35n)) * PRIME_MX2) & MASK
  return { low: low ^ (low >> 28n), high: avalanche(high) }
}

function hash9to16(data: Buffer): Halves {
  const { length } = data
  const flipLow = secret(32) ^ secret(40)
  const flipHigh = secret(48) ^ secret(56)
  const last = data.readBigUInt64LE(length - 8)
  const first = data.readBigUInt64LE(0)
  let { low, high } = multiply(first ^ last ^ flipLow, PRIME64_1)
  low = (low + (BigInt(length - 1) << 54n)) & MASK
  const keyed = last ^ flipHigh
  high = (high + keyed + (keyed & 0xffff_ffffn) * (PRIME32_2 - 1n)) & MASK
  low ^= swap64(high)
  const product = multiply(low, PRIME64_2)
  return { low: avalanche(product.low), high: avalanche((product.high + high * PRIME64_2) & MASK) }
}

function hash17to128(data: Buffer): Halves {
  const { length } = data
  let sums: Halves = { low: (BigInt(length) * PRIME64_1) & MASK, high: 0n }
  for (let at = (length - 1) >> 5; at >= 0; at--) {
    sums = mix32(sums, data, 16 * at, length - 16 * (at + 1), 32 * at)
  }
  return finishMiddle(sums, length)
}

function hash129to240(data: Buffer): Halves {
  const { length } = data
  let sums: Halves = { low: (BigInt(length) * PRIME64_1) & MASK, high: 0n }
  for (let at = 32; at < 160; at += 32) sums = mix32(sums, data, at - 32, at - 16, at - 32)
  sums = { low: avalanche(sums.low), high: avalanche(sums.high) }
  for (let at = 160; at <= length; at += 32) sums = mix32(sums, data, at - 32, at - 16, 3 + at - 160)
  sums = mix32(sums, data, length - 16, length - 32, SECRET_MIN - 17 - 16)
  return finishMiddle(sums, length)
}

function finishMiddle({ low, high }: Halves, length: number): Halves {
  const mixed = (low * PRIME64_1 + high * PRIME64_4 + BigInt(length) * PRIME64_2) & MASK
  return { low: avalanche((low + high) & MASK), high: -avalanche(mixed) & MASK }
}

function mix32(sums: Halves, data: Buffer, first: number, second: number, at: number): Halves {
  const low = (sums.low + mix16(data, first, at)) & MASK
  const high = (sums.high + mix16(data, second, at + 16)) & MASK
  return {
    low: low ^ ((data.readBigUInt64LE(second) + data.readBigUInt64LE(second + 8)) & MASK),
    high: high ^ ((data.readBigUInt64LE(first) + data.readBigUInt64LE(first + 8)) & MASK),
  }
}

function mix16(data: Buffer, from: number, at: number): bigint {
  return fold(data.readBigUInt64LE(from) ^ secret(at), data.readBigUInt64LE(from + 8) ^ secret(at + 8))
}

function hashLong(data: Buffer): Halves {
  const { length } = data
  const lanes = [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1]
  const perBlock = (SECRET_SIZE - STRIPE) / 8
  const stripes = Math.floor((length - 1) / STRIPE)
  for (let stripe = 0; stripe < stripes; stripe++) {
    accumulate(lanes, data, stripe * STRIPE, (stripe % perBlock) * 8)
    if (stripe % perBlock === perBlock - 1) scramble(lanes)
  }
  accumulate(lanes, data, length - STRIPE, SECRET_SIZE - STRIPE - 7)
  const size = BigInt(length)
  return {
    low: merge(lanes, 11, (size * PRIME64_1) & MASK),
    high: merge(lanes, SECRET_SIZE - STRIPE - 11, ~(size * PRIME64_2) & MASK),
  }
}

function accumulate(lanes: bigint[], data: Buffer, from: number, at: number): void {
  for (let lane = 0; lane < LANES; lane++) {
    const value = data.readBigUInt64LE(from + 8 * lane)
    const keyed = value ^ secret(at + 8 * lane)
    lanes[lane ^ 1] = (lanes[lane ^ 1]! + value) & MASK
    lanes[lane] = (lanes[lane]! + (keyed & 0xffff_ffffn) * (keyed >> 32n)) & MASK
  }
}

function scramble(lanes: bigint[]): void {
  for (let lane = 0; lane < LANES; lane++) {
    const value = lanes[lane]! ^ (lanes[lane]! >> 47n) ^ secret(SECRET_SIZE - STRIPE + 8 * lane)
    lanes[lane] = (value * PRIME32_1) & MASK
  }
}

function merge(lanes: readonly bigint[], at: number, start: bigint): bigint {
  let sum = start
  for (let pair = 0; pair < LANES / 2; pair++) {
    sum += fold(lanes[2 * pair]! ^ secret(at + 16 * pair), lanes[2 * pair + 1]! ^ secret(at + 16 * pair + 8))
  }
  return avalanche(sum & MASK)
}

function secret(at: number): bigint {
  return SECRET.readBigUInt64LE(at)
}

function multiply(left: bigint, right: bigint): Halves {
  const product = left * right
  return { low: product & MASK, high: product >> 64n }
}

function fold(left: bigint, right: bigint): bigint {
  const { low, high } = multiply(left, right)
  return low ^ high
}

/** The final mix of XXH3. */
function avalanche(value: bigint): bigint {
  const mixed = ((value ^ (value >> 37n)) * PRIME_MX1) & MASK
  return mixed ^ (mixed >> 32n)
}

/** The final mix of XXH64, which XXH3 uses for the shortest inputs. */
function avalanche64(value: bigint): bigint {
  let mixed = ((value ^ (value >> 33n)) * PRIME64_2) & MASK
  mixed = ((mixed ^ (mixed >> 29n)) * PRIME64_3) & MASK
  return mixed ^ (mixed >> 32n)
}

function swap32(value: bigint): bigint {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(Number(value))
  return BigInt(bytes.readUInt32BE())
}

function swap64(value: bigint): bigint {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes.readBigUInt64BE()
}

function rotate32(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (32n - by))) & 0xffff_ffffn
}
