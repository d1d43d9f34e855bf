/** Waits until `performance.now()` has reached `due` (ms); false when the signal ended the wait. */
export function pauseUntil(due: number, signal: AbortSignal): Promise<boolean> {
  const left = due - performance.now()
  if (signal.aborted) return Promise.resolve(false)
  if (left <= 0) return Promise.resolve(true)
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(true), left)
    const interrupt = () => end(false)
    const end = (reached: boolean) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', interrupt)
      resolve(reached)
    }
    signal.addEventListener('abort', interrupt, { once: true })
  })
}
