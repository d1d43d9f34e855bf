/** What stands for a part of a key that nobody here understands: two are the same when they read the same. */
export function identifyPart(part: unknown): string {
  const text = JSON.stringify(part, (_name, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
  return (text ?? 'undefined').slice(0, 256)
}
