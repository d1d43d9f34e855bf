import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type WatchTimes, watchConfig } from './watch.ts'

/** Fast, and without the help of polling. */
const TIMES = { debounce: 30, poll: 600_000 }

const PATIENCE = { timeout: 5000, interval: 5 }

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kvasir-watch-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

function count(path: string, times: WatchTimes = TIMES) {
  const seen = { changes: 0 }
  const watch = watchConfig(path, () => seen.changes++, times)
  onTestFinished(() => watch[Symbol.dispose]())
  return { changes: () => seen.changes, watch }
}

describe('watchConfig', () => {
  test('sees a file that is written in place, several writes as one', async () => {
    const file = join(folder(), 'kvasir.yaml')
    writeFileSync(file, 'a: 1')
    const { changes } = count(file)
    for (const value of [2, 3, 4]) writeFileSync(file, `a: ${value}`)
    await expect.poll(changes, PATIENCE).toBe(1)
    await sleep(2 * TIMES.debounce)
    expect(changes()).toBe(1)
  })

  test('sees a file that an editor replaces, again and again', async () => {
    const path = folder()
    const file = join(path, 'kvasir.yaml')
    writeFileSync(file, 'a: 0')
    const { changes } = count(file)
    for (const value of [1, 2, 3]) {
      writeFileSync(join(path, '.kvasir.yaml.swp'), `a: ${value}`)
      renameSync(join(path, '.kvasir.yaml.swp'), file)
      await expect.poll(changes, PATIENCE).toBe(value)
    }
  })

  test('sees a ConfigMap whose links are swapped', async () => {
    const path = folder()
    const version = (name: string, text: string) => {
      mkdirSync(join(path, name))
      writeFileSync(join(path, name, 'kvasir.yaml'), text)
      symlinkSync(name, join(path, '..data_tmp'))
      renameSync(join(path, '..data_tmp'), join(path, '..data'))
    }
    version('..1', 'a: 1')
    symlinkSync(join('..data', 'kvasir.yaml'), join(path, 'kvasir.yaml'))
    const { changes } = count(join(path, 'kvasir.yaml'))
    version('..2', 'a: 2')
    rmSync(join(path, '..1'), { recursive: true })
    await expect.poll(changes, PATIENCE).toBe(1)
    version('..3', 'a: 3')
    rmSync(join(path, '..2'), { recursive: true })
    await expect.poll(changes, PATIENCE).toBe(2)
  })

  test('sees the file behind a link change in place', async () => {
    const [links, real] = [folder(), folder()]
    writeFileSync(join(real, 'real.yaml'), 'a: 1')
    symlinkSync(join(real, 'real.yaml'), join(links, 'kvasir.yaml'))
    const { changes } = count(join(links, 'kvasir.yaml'))
    writeFileSync(join(real, 'real.yaml'), 'a: 2')
    await expect.poll(changes, PATIENCE).toBe(1)
  })

  test('says nothing of the same content, other files, and a file that is empty or gone', async () => {
    const path = folder()
    const file = join(path, 'kvasir.yaml')
    writeFileSync(file, 'a: 1')
    const { changes } = count(file)
    writeFileSync(file, 'a: 1')
    writeFileSync(join(path, 'other.yaml'), 'b: 1')
    await sleep(3 * TIMES.debounce)
    writeFileSync(file, '')
    await sleep(3 * TIMES.debounce)
    rmSync(file)
    await sleep(3 * TIMES.debounce)
    expect(changes()).toBe(0)
    writeFileSync(file, 'a: 2')
    await expect.poll(changes, PATIENCE).toBe(1)
  })

  test('looks from time to time where nothing is reported', async () => {
    const path = join(folder(), 'later')
    const { changes } = count(join(path, 'kvasir.yaml'), { debounce: 30, poll: 20 })
    mkdirSync(path)
    writeFileSync(join(path, 'kvasir.yaml'), 'a: 1')
    await expect.poll(changes, PATIENCE).toBe(1)
    writeFileSync(join(path, 'kvasir.yaml'), 'a: 2')
    await expect.poll(changes, PATIENCE).toBe(2)
  })

  test('is silent once disposed', async () => {
    const file = join(folder(), 'kvasir.yaml')
    writeFileSync(file, 'a: 1')
    const { changes, watch } = count(file, { debounce: 10, poll: 10 })
    writeFileSync(file, 'a: 2')
    watch[Symbol.dispose]()
    await sleep(60)
    expect(changes()).toBe(0)
  })
})
