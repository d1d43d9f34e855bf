import { type FSWatcher, readFileSync, realpathSync, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Times in milliseconds. */
export interface WatchTimes {
  /** Pause after a first sign of change, so that several writes become one. */
  readonly debounce?: number
  /** Interval of looking without a sign, for file systems that report nothing. */
  readonly poll?: number
}

/**
 * Calls `onChange` each time the content of the file has changed. Watches the folders of the file and of what it links
 * to, and compares contents, so it survives editors that write a new file and rename it, and the symbolic links that
 * Kubernetes swaps when a ConfigMap changes. A file that is missing or empty is taken as half written. Does not keep
 * the process alive.
 */
export function watchConfig(path: string, onChange: () => void, times: WatchTimes = {}): Disposable {
  const { debounce = 200, poll = 5000 } = times
  const file = resolve(path)
  let content = read(file)
  let timer: NodeJS.Timeout | undefined
  const watchers = new Map<string, FSWatcher>()

  function look(): void {
    timer = undefined
    followLinks()
    const now = read(file)
    if (now === undefined || now.trim() === '' || now === content) return
    content = now
    onChange()
  }

  function schedule(): void {
    timer ??= setTimeout(look, debounce).unref()
  }

  function followLinks(): void {
    const folders = foldersOf(file)
    for (const [folder, watcher] of watchers) if (!folders.has(folder)) close(folder, watcher)
    for (const folder of folders) if (!watchers.has(folder)) open(folder)
  }

  function open(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, schedule)
      watchers.set(folder, watcher)
      watcher.on('error', () => close(folder, watcher))
    } catch {
      // The folder is gone, or there are no watches left: polling goes on.
    }
  }

  function close(folder: string, watcher: FSWatcher): void {
    watchers.delete(folder)
    watcher.close()
  }

  followLinks()
  const interval = setInterval(look, poll).unref()
  return {
    [Symbol.dispose]() {
      clearInterval(interval)
      clearTimeout(timer)
      for (const [folder, watcher] of watchers) close(folder, watcher)
    },
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** The folder of the file, and that of the file behind its links. */
function foldersOf(file: string): Set<string> {
  const folders = new Set([dirname(file)])
  try {
    folders.add(dirname(realpathSync(file)))
  } catch {
    // Between two versions the link leads nowhere.
  }
  return folders
}
