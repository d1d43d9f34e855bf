import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { LineFile, openLineFile } from './line-file.ts'

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-lines-'))
})
afterAll(() => rm(folder, { recursive: true }))

const silent = { failed: () => undefined, recovered: () => undefined }

/** A file that takes as many bytes at a time as `steps` say; none stands for a disk that is full. */
function stubbornFile(steps: readonly number[]) {
  const told: (string | number)[] = []
  let text = ''
  let step = 0
  const file = new LineFile(
    {
      async write(bytes) {
        const taken = steps[step++] ?? bytes.length
        if (taken === 0) throw new Error('disk full')
        text += Buffer.from(bytes.subarray(0, taken)).toString('latin1')
        return Math.min(taken, bytes.length)
      },
      close: async () => undefined,
    },
    { failed: (reason) => void told.push(reason), recovered: (lost) => void told.push(lost) },
  )
  return { file, told, text: () => text }
}

it('appends to what is there, in a folder that it makes', async () => {
  const path = join(folder, 'new', 'deep', 'file.jsonl')
  for (const line of ['one\n', 'two\n']) {
    const file = await openLineFile(path, silent)
    file.add(line)
    await file.close()
  }
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
})

it('writes by itself about a second later', async () => {
  const path = join(folder, 'later')
  const file = await openLineFile(path, silent)
  file.add('line\n')
  expect(readFileSync(path, 'utf8')).toBe('')
  await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe('line\n'), { timeout: 5000 })
  await file.close()
})

it('does not open what cannot be appended to', async () => {
  await writeFile(join(folder, 'plain'), '')
  await expect(openLineFile(folder, silent)).rejects.toThrow('EISDIR')
  await expect(openLineFile(join(folder, 'plain', 'file'), silent)).rejects.toThrow(/ENOTDIR|EEXIST/)
})

it('tells once that it cannot write, and once that it can again', async () => {
  const { file, told, text } = stubbornFile([4, 0, 0, 2])
  file.add('first\n')
  await file.flush()
  file.add('second\n')
  await file.flush()
  expect([text(), told]).toEqual(['firs', ['disk full']])
  await file.close()
  expect([text(), told]).toEqual(['first\nsecond\n', ['disk full', 0]])
})

it('drops whole lines when too many wait, and says how many', async () => {
  const { file, told, text } = stubbornFile([0])
  const line = `${'x'.repeat(1024 * 1024 - 1)}\n`
  file.add('first\n')
  await file.flush()
  for (let i = 0; i < 20; i++) file.add(line)
  await file.close()
  expect(told).toEqual(['disk full', 4])
  expect(text().length).toBe('first\n'.length + 16 * line.length)
})

it('keeps every line, whole and in order, however writes go', async () => {
  const step = fc.oneof(fc.constant<'flush'>('flush'), fc.string({ unit: 'grapheme-ascii', maxLength: 9 }))
  await fc.assert(
    fc.asyncProperty(fc.array(step), fc.array(fc.integer({ min: 0, max: 6 })), async (steps, taken) => {
      const { file, text } = stubbornFile(taken)
      let model = ''
      for (const one of steps) {
        if (one === 'flush') await file.flush()
        else file.add(`${one}\n`)
        model += one === 'flush' ? '' : `${one}\n`
        expect(model.startsWith(text())).toBe(true)
      }
      for (const _ of taken) await file.flush()
      await file.close()
      expect(text()).toBe(model)
    }),
  )
})
