import { setTimeout as sleep } from 'node:timers/promises'
import { CHAT, chatBody } from './chat.ts'
import { post } from './post.ts'

export interface SteadyTraffic extends AsyncDisposable {
  /** Answers so far. */
  readonly answered: number
  /** Ends the traffic; returns what was not answered with 200, in words. */
  stop(): Promise<string[]>
}

/** A few clients that ask one chat after the other until they are stopped. */
export function steadyTraffic(gateway: string, clients = 2): SteadyTraffic {
  const stopped = new AbortController()
  let answered = 0
  const failures: string[] = []
  async function client(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        const answer = await post(gateway + CHAT, chatBody())
        const text = await answer.text()
        answered += 1
        if (answer.status !== 200) failures.push(`${answer.status} ${text}`)
      } catch (error) {
        failures.push(String(error))
      }
      await sleep(10)
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  async function stop(): Promise<string[]> {
    stopped.abort()
    await all
    return failures
  }
  return {
    get answered() {
      return answered
    },
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}
