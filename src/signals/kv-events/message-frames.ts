/** One message of a stream of KV events. */
export interface EventMessage {
  readonly topic: Uint8Array
  readonly seq: number
  readonly payload: Uint8Array
}

/** An answer of the replay socket: a message again, or the end of them. */
export type ReplayAnswer = EventMessage | 'end'

/** Frames that are not those of KV events, in words. */
export interface BadFrames {
  readonly found: string
}

const SEQ_BYTES = 8
const NO_TOPIC = new Uint8Array(0)

/** What a message must look like, for messages to people. */
export const FRAMES_EXPECTED = 'three frames: topic, sequence number (8 bytes, big-endian), msgpack [ts, events, rank]'

/** A sequence number as the 8 bytes, big-endian, that it is on the wire. */
export function writeSeq(seq: number): Uint8Array {
  const bytes = new Uint8Array(SEQ_BYTES)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(seq))
  return bytes
}

/** Reads a sequence number; undefined when the frame is none. Numbers beyond 2^53 do not occur in an engine's life. */
export function readSeq(bytes: Uint8Array | undefined): number | undefined {
  if (bytes?.length !== SEQ_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, SEQ_BYTES)
  const seq = view.getUint32(0) * 2 ** 32 + view.getUint32(4)
  return Number.isSafeInteger(seq) ? seq : undefined
}

/** Reads a live message: `[topic, seq, payload]`. */
export function readLive(frames: readonly Uint8Array[]): EventMessage | BadFrames {
  const [topic, number, payload] = frames
  const seq = readSeq(number)
  if (frames.length !== 3 || topic === undefined || seq === undefined || payload === undefined) return bad(frames)
  return { topic, seq, payload }
}

/**
 * Reads an answer of the replay socket: `["", seq, payload]`, or with the topic before the number since vLLM's change of
 * June 2026. The end is a number of eight bytes 0xFF with an empty payload.
 */
export function readReplay(frames: readonly Uint8Array[]): ReplayAnswer | BadFrames {
  const rest = frames[0]?.length === 0 ? frames.slice(1) : frames
  const [number, payload] = rest.slice(-2)
  if (rest.length < 2 || rest.length > 3 || number === undefined || payload === undefined) return bad(frames)
  if (payload.length === 0 && number.length === SEQ_BYTES && number.every((byte) => byte === 0xff)) return 'end'
  const seq = readSeq(number)
  const topic = rest.length === 3 ? rest[0] : NO_TOPIC
  return seq === undefined || topic === undefined ? bad(frames) : { topic, seq, payload }
}

/** The end of a replay as the engine writes it. */
export const REPLAY_END: readonly Uint8Array[] = [new Uint8Array(SEQ_BYTES).fill(0xff), new Uint8Array(0)]

function bad(frames: readonly Uint8Array[]): BadFrames {
  const lengths = frames.slice(0, 6).map((frame) => frame.length)
  const more = frames.length > lengths.length ? ', ...' : ''
  return { found: `${frames.length} frame${frames.length === 1 ? '' : 's'} of ${lengths.join(', ')}${more} bytes` }
}
