/** What an engine's own tokens say about those that are to be used; `Maker` makes tokens. */
export interface TokenVerdict<Maker> {
  /** Whether nothing differs and something was compared, something differs, or nothing could be compared. */
  readonly result: 'same' | 'different' | 'unknown'
  /** Makes the engine's tokens of chats, if so. */
  readonly chat: Maker | undefined
  /** Makes the engine's tokens of plain prompts, if so. */
  readonly text: Maker | undefined
  /** One sentence for people. */
  readonly why: string
  /** Something could not be compared that may be another time. */
  readonly again: boolean
}

/** The same for one kind of prompts. */
export type PartVerdict = Pick<TokenVerdict<unknown>, 'result' | 'why' | 'again'>

/** Both kinds together: one that differs outweighs one that is the same, which outweighs one that could not be compared. */
export function joinVerdicts(chat: PartVerdict, text: PartVerdict): PartVerdict {
  if (chat.result === 'different') return chat
  if (text.result === 'different') return text
  const result = chat.result === 'same' || text.result === 'same' ? 'same' : 'unknown'
  return { result, why: `${chat.why}; ${text.why}`, again: chat.again || text.again }
}
