/** GPT-2's split of a text into words: a published constant that byte-level tokenizers share. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu

/** The 256 characters that stand for bytes in byte-level vocabularies: printable ones for themselves, the rest from U+0100 on. */
export function byteAlphabet(): string[] {
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
    return String.fromCharCode(printable ? byte : next++)
  })
}

interface Word {
  symbols: string[]
  readonly count: number
}

/** Byte-pair encoding learned from a text: the merges, most frequent pair first. */
export function trainMerges(text: string, merges: number): [string, string][] {
  const words = countWords(text)
  const pairs = new Map<string, { count: number; words: Set<Word> }>()
  const change = (word: Word, sign: 1 | -1): void => {
    for (let i = 0; i + 1 < word.symbols.length; i++) {
      const key = `${word.symbols[i]} ${word.symbols[i + 1]}`
      let entry = pairs.get(key)
      if (entry === undefined) pairs.set(key, (entry = { count: 0, words: new Set() }))
      entry.count += sign * word.count
      if (sign === 1) entry.words.add(word)
    }
  }
  for (const word of words) change(word, 1)
  const learned: [string, string][] = []
  while (learned.length < merges) {
    let best = ''
    let most = 1
    for (const [key, { count }] of pairs) {
      if (count > most) {
        most = count
        best = key
      }
    }
    const [left, right] = best.split(' ')
    if (left === undefined || right === undefined) break
    learned.push([left, right])
    const touched = pairs.get(best)?.words ?? new Set<Word>()
    for (const word of touched) {
      change(word, -1)
      word.symbols = mergePair(word.symbols, left, right)
      change(word, 1)
    }
    pairs.delete(best)
  }
  return learned
}

function countWords(text: string): Word[] {
  const alphabet = byteAlphabet()
  const counts = new Map<string, number>()
  for (const [word] of text.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1)
  const encoder = new TextEncoder()
  return [...counts].map(([word, count]) => ({
    symbols: Array.from(encoder.encode(word), (byte) => alphabet[byte] ?? ''),
    count,
  }))
}

function mergePair(symbols: readonly string[], left: string, right: string): string[] {
  const merged: string[] = []
  for (let i = 0; i < symbols.length; i++) {
    const joined = symbols[i] === left && symbols[i + 1] === right
    merged.push(joined ? left + right : (symbols[i] ?? ''))
    if (joined) i++
  }
  return merged
}
