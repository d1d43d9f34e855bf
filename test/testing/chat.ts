export const CHAT = '/v1/chat/completions'

/** A chat request for model `m`; `extra` fields are added or replace those. */
export function chatBody(extra: object = {}): string {
  return JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello' }], ...extra })
}

/** A chat request whose prompt has about this many tokens at four bytes each; equal seeds give equal prompts. */
export function longChatBody(tokens: number, seed = 'a', extra: object = {}): string {
  const words = Array.from({ length: tokens }, (_, i) => `${seed}${(i * 7919) % 1000}`.slice(0, 3))
  return chatBody({ messages: [{ role: 'user', content: words.join(' ') }], ...extra })
}
