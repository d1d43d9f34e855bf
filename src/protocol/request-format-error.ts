import { type JsonTape, ARRAY, FALSE, NULL, NUMBER, OBJECT, STRING, TRUE } from './json-tape.ts'
import type { JsonFault } from './json-scanner.ts'

/** Why a request body cannot be understood; the client can mend it. */
export interface RequestFormatError {
  /** Offset in the body of the byte or value that is wrong. */
  readonly offset: number
  /** Path of the wrong field, as in `messages[3].role`; undefined where the body is not JSON. */
  readonly param: string | undefined
  readonly expected: string
  readonly found: string
  /** All of it in a sentence. */
  readonly message: string
}

/** Thrown where a field has the wrong type, and caught by the scan of the request. */
export class FieldFault extends Error {
  readonly node: number
  readonly expected: string

  constructor(node: number, expected: string) {
    super(`expected ${expected}`)
    this.node = node
    this.expected = expected
  }
}

/** The error of a body that is not JSON. */
export function syntaxError(body: Uint8Array, fault: JsonFault): RequestFormatError {
  const { offset, expected } = fault
  const found = describeByte(body[offset])
  const message = `The request body is not valid JSON: expected ${expected}, found ${found} at byte ${offset}.`
  return { offset, param: undefined, expected, found, message }
}

/** The error of a field of the wrong type. */
export function fieldError(tape: JsonTape, fault: FieldFault): RequestFormatError {
  const { node, expected } = fault
  const offset = tape.start(node)
  const param = pathOf(tape, node)
  const found = describeValue(tape, node)
  const message = `${param === '' ? 'The request body' : param}: expected ${expected}, found ${found} at byte ${offset}.`
  return { offset, param, expected, found, message }
}

/** Where a value stands in the text, as in `messages[3].role`; empty for the root. */
function pathOf(tape: JsonTape, target: number): string {
  let path = ''
  let node = 0
  while (node !== target) {
    const step = stepTowards(tape, node, target)
    if (step === undefined) return path
    path += tape.kind(node) === ARRAY || path === '' ? step.name : `.${step.name}`
    node = step.node
  }
  return path
}

/** The child of `node` that is or contains `target`. */
function stepTowards(tape: JsonTape, node: number, target: number): { node: number; name: string } | undefined {
  const end = tape.next(node)
  if (tape.kind(node) === OBJECT) {
    for (let key = tape.first(node); key < end; key = tape.next(tape.next(key))) {
      if (target < tape.next(tape.next(key))) return { node: tape.next(key), name: tape.string(key) }
    }
    return undefined
  }
  let index = 0
  for (let child = tape.first(node); child < end; child = tape.next(child)) {
    if (target < tape.next(child)) return { node: child, name: `[${index}]` }
    index += tape.count(child)
  }
  return undefined
}

function describeValue(tape: JsonTape, node: number): string {
  switch (tape.kind(node)) {
    case STRING:
      return 'a string'
    case NUMBER:
      return tape.count(node) > 1 ? 'numbers' : `the number ${tape.raw(node).slice(0, 40)}`
    case TRUE:
    case FALSE:
      return tape.raw(node)
    case NULL:
      return 'null'
    case OBJECT:
      return 'an object'
    default:
      return 'an array'
  }
}

function describeByte(byte: number | undefined): string {
  if (byte === undefined) return 'the end of the body'
  if (byte > 0x20 && byte < 0x7f) return `'${String.fromCharCode(byte)}'`
  return `byte 0x${byte.toString(16).padStart(2, '0')}`
}
