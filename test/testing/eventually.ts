import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again and again until the answer is something; fails with `what` and the last answer after `seconds`. */
export async function eventually<Found>(
  what: string,
  ask: () => Found | Promise<Found>,
  seconds = 20,
): Promise<NonNullable<Exclude<Found, false>>> {
  const until = performance.now() + seconds * 1000
  for (;;) {
    const found = await ask()
    if (isSomething(found)) return found
    if (performance.now() > until) throw new Error(`${what}: not within ${seconds} s`)
    await sleep(10)
  }
}

function isSomething<Found>(found: Found): found is NonNullable<Exclude<Found, false>> {
  return found !== undefined && found !== null && found !== false
}
