export interface SilenceOptions {
  /** Seconds without a message after which the stream counts as silent. */
  readonly after: number
  /** Whether the endpoint is serving prompts long enough to fill blocks, so that events must come. */
  readonly serving: () => boolean
}

/**
 * Calls `onSilent` with the seconds of silence when no message came for so long although the endpoint was serving all
 * the time; once, until a message comes. `messages` is the count of messages so far. Does not keep the process alive.
 */
export function watchSilence(
  options: SilenceOptions,
  messages: () => number,
  onSilent: (seconds: number) => void,
): Disposable {
  let seen = messages()
  let since = performance.now()
  let told = false
  const timer = setInterval(
    () => {
      const now = performance.now()
      if (messages() !== seen || !options.serving()) {
        told = told && messages() === seen
        seen = messages()
        since = now
      } else if (!told && now - since >= options.after * 1000) {
        told = true
        onSilent((now - since) / 1000)
      }
    },
    Math.max(10, options.after * 250),
  ).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
