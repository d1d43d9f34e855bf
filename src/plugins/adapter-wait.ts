import type { AdapterState } from '../core/adapter-slots.ts'

/** Seconds to load an adapter into a slot; some 20 to 500 ms, by where its weights lie. */
const LOADING = 0.1

/** Of the time of an answer, what passes until all slots in use is no longer so. Somebody who waits already has waited. */
const UNTIL_FREE: Readonly<Record<AdapterState, number>> = { loaded: 0, room: 0, waiting: 0.5, full: 1 }

/**
 * Seconds until the request's adapter (LoRA) can be used: none where it is loaded, and where a slot has to be freed, the time
 * until requests of another adapter have got their answers. An endpoint of which it is unknown has to load it.
 *
 * @param decodeSeconds What an answer usually takes, in seconds.
 */
export function adapterWait(state: AdapterState | undefined, decodeSeconds: number): number {
  if (state === undefined) return LOADING
  return state === 'loaded' ? 0 : LOADING + UNTIL_FREE[state] * decodeSeconds
}
