import { JsonScanner } from './json-scanner.ts'
import { ABSENT, ARRAY, JsonTape, NULL, OBJECT } from './json-tape.ts'
import type { ByteRange } from './request-fields.ts'

const LF = 10
const CR = 13
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const LETTER_N = 0x6e
/** Bytes of `"usage"`, quotes included. */
const WORD_LENGTH = 7
const NOTHING = new Uint8Array(0)
/** Longest event that is held until its end is there; a longer one passes, and all behind it. */
const EVENT_LIMIT_BYTES = 8 * 1024 * 1024

// Reused by every event: a scan is synchronous and keeps none of them.
const tape = new JsonTape()
const scanner = new JsonScanner(tape)

/**
 * Takes out of a stream of chat or completions events what it has only because the router asked for usage, so that the
 * client gets byte for byte what it would have got: the event with usage and no choices, and a `usage` member of an
 * event with choices. `usage: null` is taken out with `dropNulls` alone: some engines write it whether asked or not.
 *
 * Events without the word pass as they come; an event that is cut by the end of a chunk waits for its rest.
 */
export class UsageFilter {
  readonly #dropNulls: boolean
  #held: Uint8Array = NOTHING
  #length = 0
  #gaveUp = false

  constructor(dropNulls: boolean) {
    this.#dropNulls = dropNulls
  }

  /** What of the next bytes goes on now, perhaps nothing. */
  pass(chunk: Uint8Array): Uint8Array {
    if (this.#gaveUp) return chunk
    if (this.#length === 0 && endsEvent(chunk) && this.#find(chunk, 0) < 0) return chunk
    const bytes = this.#joined(chunk)
    const end = lastEventEnd(bytes)
    const out = this.#filtered(bytes.subarray(0, end))
    this.#hold(bytes.subarray(end))
    if (this.#length <= EVENT_LIMIT_BYTES) return out
    this.#gaveUp = true
    return concat(out, this.rest())
  }

  /** What is left when the stream has ended: an event that was not closed. */
  rest(): Uint8Array {
    const left = this.#held.slice(0, this.#length)
    this.#length = 0
    return left
  }

  /** Offset of the next `"usage"` whose value may have to go, or -1. */
  #find(bytes: Uint8Array, from: number): number {
    let at = findUsage(bytes, from)
    while (at >= 0 && !this.#isWanted(bytes[valueStart(bytes, at)])) at = findUsage(bytes, at + WORD_LENGTH)
    return at
  }

  #isWanted(firstByte: number | undefined): boolean {
    return firstByte === OPEN_BRACE || (this.#dropNulls && firstByte === LETTER_N)
  }

  #joined(chunk: Uint8Array): Uint8Array {
    if (this.#length === 0) return chunk
    const length = this.#length + chunk.length
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(1024, 2 * length))
      larger.set(this.#held.subarray(0, this.#length))
      this.#held = larger
    }
    this.#held.set(chunk, this.#length)
    return this.#held.subarray(0, length)
  }

  #hold(rest: Uint8Array): void {
    if (rest.length > this.#held.length) this.#held = new Uint8Array(Math.max(1024, 2 * rest.length))
    // Right also where `rest` is a later part of the same memory.
    this.#held.set(rest)
    this.#length = rest.length
  }

  /** Whole events, without what is to go. */
  #filtered(events: Uint8Array): Uint8Array {
    const kept: Uint8Array[] = []
    let from = 0
    for (let at = this.#find(events, 0); at >= 0; at = this.#find(events, from)) {
      const start = eventStart(events, from, at)
      const end = eventEnd(events, at)
      const cut = this.#cutOf(events.subarray(start, end))
      if (cut !== undefined) kept.push(events.subarray(from, start + cut.start), events.subarray(start + cut.end, end))
      else kept.push(events.subarray(from, end))
      from = end
    }
    kept.push(events.subarray(from))
    return concat(...kept)
  }

  /** The range of an event that is to go; undefined where all of it stays. */
  #cutOf(event: Uint8Array): ByteRange | undefined {
    const data = dataRange(event)
    if (data === undefined) return undefined
    const json = event.subarray(data.start, data.end)
    const cut = scanner.scan(json) === undefined && tape.kind(0) === OBJECT ? this.#cutInJson(json) : undefined
    tape.release()
    if (cut === 'all') return { start: 0, end: event.length }
    return cut === undefined ? undefined : { start: data.start + cut.start, end: data.start + cut.end }
  }

  #cutInJson(json: Uint8Array): ByteRange | 'all' | undefined {
    const usage = tape.member(0, 'usage')
    if (usage === ABSENT) return undefined
    const kind = tape.kind(usage)
    if (kind === NULL ? !this.#dropNulls : kind !== OBJECT) return undefined
    if (kind === OBJECT && hasNoChoices()) return 'all'
    return memberRange(json, tape.nameStart(usage), tape.stop(usage))
  }
}

function hasNoChoices(): boolean {
  const choices = tape.get(0, 'choices')
  return choices !== ABSENT && tape.kind(choices) === ARRAY && tape.first(choices) === tape.next(choices)
}

/** A member with the comma that leaves with it. */
function memberRange(json: Uint8Array, start: number, end: number): ByteRange {
  let behind = skipSpace(json, end)
  if (json[behind] === COMMA) {
    behind = skipSpace(json, behind + 1)
    return { start, end: behind }
  }
  let before = start - 1
  while (isSpace(json[before])) before--
  return json[before] === COMMA ? { start: before, end } : { start, end }
}

function skipSpace(json: Uint8Array, from: number): number {
  let at = from
  while (isSpace(json[at])) at++
  return at
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 9 || byte === LF || byte === CR
}

/** Range of the text behind the only `data:` of an event; undefined where there are several or none. */
function dataRange(event: Uint8Array): ByteRange | undefined {
  let found: ByteRange | undefined
  for (let line = 0; line < event.length;) {
    const end = event.indexOf(LF, line)
    const stop = end < 0 ? event.length : end
    if (isDataLine(event, line)) {
      if (found !== undefined) return undefined
      found = { start: line + 5, end: stop }
    }
    line = stop + 1
  }
  return found
}

function isDataLine(bytes: Uint8Array, at: number): boolean {
  // 'data:'
  return (
    bytes[at] === 0x64 &&
    bytes[at + 1] === 0x61 &&
    bytes[at + 2] === 0x74 &&
    bytes[at + 3] === 0x61 &&
    bytes[at + 4] === 0x3a
  )
}

/** Offset of the next `"usage"`, quotes included, or -1. A quote inside a JSON string would be escaped. */
function findUsage(bytes: Uint8Array, from: number): number {
  // The g is the rarest byte of the word.
  for (let at = bytes.indexOf(0x67, from); at >= 0; at = bytes.indexOf(0x67, at + 1)) {
    const word =
      bytes[at - 1] === 0x61 &&
      bytes[at - 2] === 0x73 &&
      bytes[at - 3] === 0x75 &&
      bytes[at - 4] === 0x22 &&
      bytes[at + 1] === 0x65 &&
      bytes[at + 2] === 0x22
    if (word) return at - 4
  }
  return -1
}

/** Offset of what stands behind the name at `at` and its colon. */
function valueStart(bytes: Uint8Array, at: number): number {
  return skipSpace(bytes, skipSpace(bytes, at + WORD_LENGTH) + 1)
}

/** True where the last byte closes an event. */
function endsEvent(bytes: Uint8Array): boolean {
  return isBlankLine(bytes, bytes.length - 1)
}

/** True where the line feed at `at` ends an empty line behind another line. */
function isBlankLine(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== LF) return false
  return bytes[at - 1] === LF || (bytes[at - 1] === CR && bytes[at - 2] === LF)
}

/** Offset behind the last event that is whole; 0 where there is none. */
function lastEventEnd(bytes: Uint8Array): number {
  for (let at = bytes.lastIndexOf(LF); at > 0; at = bytes.lastIndexOf(LF, at - 1))
    if (isBlankLine(bytes, at)) return at + 1
  return 0
}

/** Offset of the event that `at` is in; it is not before `from`, where an event starts. */
function eventStart(bytes: Uint8Array, from: number, at: number): number {
  for (let line = bytes.lastIndexOf(LF, at); line > from; line = bytes.lastIndexOf(LF, line - 1)) {
    if (isBlankLine(bytes, line)) return line + 1
  }
  return from
}

/** Offset behind the event that `at` is in. */
function eventEnd(bytes: Uint8Array, at: number): number {
  for (let line = bytes.indexOf(LF, at); line >= 0; line = bytes.indexOf(LF, line + 1)) {
    if (isBlankLine(bytes, line)) return line + 1
  }
  return bytes.length
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
