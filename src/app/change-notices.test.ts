import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ChangeNotices } from './change-notices.ts'

function noticesWith(standing: number) {
  const told: string[] = []
  const notices = new ChangeNotices('waiting', ({ reason }) => void told.push(reason), { window: 60_000, standing })
  return { told, become: (reason: string) => notices.changed({ reason }), notices }
}

it('changes are told at once, a state that is known already is not', () => {
  const { told, become } = noticesWith(60_000)
  for (const reason of ['waiting', 'complete', 'complete', 'incomplete']) become(reason)
  expect(told).toEqual(['complete', 'incomplete'])
})

it('what goes back and forth is told a few times, and then when it stands', async () => {
  const { told, become } = noticesWith(50)
  for (let i = 0; i < 500; i++) become(i % 2 === 0 ? 'complete' : 'disconnected')
  expect(told).toHaveLength(5)
  await sleep(150)
  expect(told).toEqual(['complete', 'disconnected', 'complete', 'disconnected', 'complete', 'disconnected'])
})

it('nothing is told of what was there for a moment only, nor after the end', async () => {
  const { told, become, notices } = noticesWith(20)
  for (const reason of ['a', 'b', 'a', 'b', 'a', 'b', 'a']) become(reason)
  await sleep(60)
  expect(told).toHaveLength(5)
  become('b')
  notices[Symbol.dispose]()
  await sleep(60)
  expect(told).toHaveLength(5)
})
