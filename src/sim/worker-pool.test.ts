import { expect, test } from 'vitest'
import { InputError } from '../report/input-error.ts'
import { WorkerPool } from './worker-pool.ts'

const script = new URL('./testing/odd-worker.ts', import.meta.url)
const createPool = (threads: number) => new WorkerPool<number, string>(script, 'n', threads)

test('every job gets its own answer, whichever thread is quicker', async () => {
  await using pool = createPool(3)
  const answers = await Promise.all([40, 1, 20, 2, 3].map((job) => pool.run(job)))
  expect(answers).toEqual(['n80', 'n2', 'n40', 'n4', 'n6'])
})

test('urgent jobs come before those that wait', async () => {
  await using pool = createPool(1)
  const done: number[] = []
  const run = (job: number, urgent: boolean) => pool.run(job, urgent).then(() => done.push(job))
  await Promise.all([run(5, false), run(2, false), run(3, false), run(1, true)])
  expect(done).toEqual([5, 1, 2, 3])
})

test('a job that fails rejects alone, and what the user can mend stays an input error', async () => {
  await using pool = createPool(1)
  const refused = await Promise.allSettled([pool.run(-1), pool.run(-2), pool.run(1)])
  expect(refused[0]).toMatchObject({ reason: expect.any(InputError) })
  expect(refused[0]).toMatchObject({ reason: { message: '-1 is negative' } })
  expect(refused[1]).not.toMatchObject({ reason: expect.any(InputError) })
  expect(refused[2]).toEqual({ status: 'fulfilled', value: 'n2' })
})

test.each([
  [13, 'unlucky number'],
  [14, 'a worker thread ended with code 3 in the middle of a job'],
])('a thread that dies of %i rejects everything', async (job, message) => {
  await using pool = createPool(1)
  const all = await Promise.allSettled([pool.run(job), pool.run(1)])
  expect(all).toMatchObject([{ reason: { message } }, { reason: { message } }])
  await expect(pool.run(1)).rejects.toThrow(message)
})

test('closing rejects what has not ended', async () => {
  const pool = createPool(1)
  const waiting = Promise.allSettled([pool.run(10_000)])
  await pool.close()
  expect(await waiting).toMatchObject([{ reason: { message: 'the worker threads were closed' } }])
})
