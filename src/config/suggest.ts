/**
 * The candidate that was probably meant, or undefined when none is near: at most two edits away (one in a word of four
 * letters or less), or the same word in another case or with other separators, or nearly its beginning.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const bare = strip(word)
  let best: string | undefined
  let bestDistance = bare.length <= 4 ? 2 : 3
  for (const candidate of candidates) {
    const whole = strip(candidate)
    const beginning = bare.length < 5 ? whole : whole.slice(0, bare.length)
    const distance = Math.min(editDistance(bare, whole), editDistance(bare, beginning) + 1)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function strip(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
