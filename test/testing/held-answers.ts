import type { ServerResponse } from 'node:http'
import { chatEvent, type FakeHandler } from './fake-engine.ts'

/** What an engine that holds its answers back sends first and last. */
export const FIRST = chatEvent('first')
export const LAST = `${chatEvent('last')}data: [DONE]\n\n`

export interface HeldAnswers {
  readonly handle: FakeHandler
  /** Answers begun and neither ended nor broken off by the other side. */
  readonly held: number
  /** Ends all held answers properly; later ones are held again. */
  release(): void
}

/** Streams whose first event comes at once and whose end comes when the test says so. */
export function heldAnswers(): HeldAnswers {
  const open = new Set<ServerResponse>()
  return {
    handle(response) {
      open.add(response)
      response.on('close', () => open.delete(response))
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(FIRST)
    },
    get held() {
      return open.size
    },
    release() {
      for (const response of open) response.end(LAST)
    },
  }
}
