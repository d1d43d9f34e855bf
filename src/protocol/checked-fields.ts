import { ABSENT, ARRAY, FALSE, type JsonTape, NUMBER, OBJECT, STRING, TRUE } from './json-tape.ts'
import { FieldFault } from './request-format-error.ts'

/** Each of these reads a member of an object; missing and null are the same. A value of another type is a FieldFault. */
export function stringField(tape: JsonTape, object: number, name: string): number {
  return ofKind(tape, tape.get(object, name), STRING, 'a string')
}

export function arrayField(tape: JsonTape, object: number, name: string): number {
  return ofKind(tape, tape.get(object, name), ARRAY, 'an array')
}

export function objectField(tape: JsonTape, object: number, name: string): number {
  return ofKind(tape, tape.get(object, name), OBJECT, 'an object')
}

export function textField(tape: JsonTape, object: number, name: string): string | undefined {
  const node = stringField(tape, object, name)
  return node === ABSENT ? undefined : tape.string(node)
}

export function numberField(tape: JsonTape, object: number, name: string): number | undefined {
  const node = ofKind(tape, tape.get(object, name), NUMBER, 'a number')
  return node === ABSENT ? undefined : tape.number(node)
}

export function booleanField(tape: JsonTape, object: number, name: string): boolean | undefined {
  const node = tape.get(object, name)
  if (node === ABSENT) return undefined
  const kind = tape.kind(node)
  if (kind !== TRUE && kind !== FALSE) throw new FieldFault(node, 'true or false')
  return kind === TRUE
}

/** Calls `visit` with each element of an array field; they must all be objects. */
export function eachObject(tape: JsonTape, array: number, visit: (node: number) => void): void {
  if (array === ABSENT) return
  const end = tape.next(array)
  for (let node = tape.first(array); node < end; node = tape.next(node)) {
    if (tape.kind(node) !== OBJECT) throw new FieldFault(node, 'an object')
    visit(node)
  }
}

function ofKind(tape: JsonTape, node: number, kind: number, expected: string): number {
  if (node !== ABSENT && tape.kind(node) !== kind) throw new FieldFault(node, expected)
  return node
}
