import type { AddedToken } from './tokenizer-spec.ts'

interface Node {
  readonly next: Map<number, Node>
  /** The token that ends here. */
  token: AddedToken | undefined
}

/** Finds added tokens in a text: from the left, the longest at each place, never overlapping. */
export class AddedTokenScanner {
  readonly #root: Node = { next: new Map(), token: undefined }
  /** The one character all tokens begin with, if there is only one: searching for it is far faster. */
  readonly #first: string | undefined
  /** End of the match last found. */
  end = 0

  constructor(tokens: readonly AddedToken[]) {
    for (const token of tokens) this.#add(token)
    const firsts = [...this.#root.next.keys()]
    this.#first = firsts.length === 1 ? String.fromCharCode(firsts[0] ?? 0) : undefined
  }

  /** The next token at or behind `from`, or undefined; `end` is then where it ends. */
  next(text: string, from: number): AddedToken | undefined {
    for (let at = this.#candidate(text, from); at !== -1; at = this.#candidate(text, at + 1)) {
      const token = this.#match(text, at)
      if (token !== undefined) return token
    }
    return undefined
  }

  #candidate(text: string, from: number): number {
    if (this.#first !== undefined) return text.indexOf(this.#first, from)
    const { next } = this.#root
    for (let at = from; at < text.length; at++) if (next.has(text.charCodeAt(at))) return at
    return -1
  }

  #match(text: string, start: number): AddedToken | undefined {
    let found: AddedToken | undefined
    let node = this.#root.next.get(text.charCodeAt(start))
    for (let at = start + 1; node !== undefined; at++) {
      if (node.token !== undefined) {
        found = node.token
        this.end = at
      }
      node = at < text.length ? node.next.get(text.charCodeAt(at)) : undefined
    }
    return found
  }

  #add(token: AddedToken): void {
    let node = this.#root
    for (let i = 0; i < token.content.length; i++) {
      const unit = token.content.charCodeAt(i)
      let child = node.next.get(unit)
      if (child === undefined) node.next.set(unit, (child = { next: new Map(), token: undefined }))
      node = child
    }
    // Of two tokens with one content the libraries know the one that was added first.
    node.token ??= token
  }
}
