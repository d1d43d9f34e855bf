/** Path of chat requests. */
export const CHAT = '/v1/chat/completions'

/** A chat request for model `m`. */
export function chatBody(more: object = {}): string {
  return JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello' }], ...more })
}

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Posts JSON text. */
export function post(url: string, body: string, { headers, ...rest }: PostOptions = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body, ...rest, headers: { 'content-type': 'application/json', ...headers } })
}

/** One server-sent event. */
export function sse(payload: object | string): string {
  return `data: ${typeof payload === 'string' ? payload : JSON.stringify(payload)}\n\n`
}

/** One event of a chat stream that says `content`. */
export function said(content: string, more: object = {}): string {
  return sse({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, ...more }] })
}

/** The event with which a chat stream ends its only choice, and the end mark. */
export const END = said('', { finish_reason: 'stop' }) + sse('[DONE]')
