import { expect, test } from 'vitest'
import { describeAnswer } from './answer.ts'

test('an error of the engine sends to its log, one of the request to the model', () => {
  const advice = (status: number): string | undefined => {
    const head = { path: '/', headers: {}, httpVersion: '1.1', reused: false, sentAt: 0, headAt: 0 }
    const http = { ...head, status, text: 'no', cut: false, totalMs: 1, headMs: 1 }
    return describeAnswer({ http, usage: undefined, wellFormed: false }, 'chat')[0]?.advice
  }
  expect(advice(500)).toBe('look at the log of the engine')
  expect(advice(404)).toBe('correct the model (--model), or look at the log of the engine')
})
