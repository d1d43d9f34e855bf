import { expect, test } from 'vitest'
import { parseView, viewLabel } from './matrix-view.ts'

test.each([
  ['exact', { kind: 'exact' }],
  ['predicted', { kind: 'predicted' }],
  ['events:0.1:0.05', { kind: 'events', delay: 0.1, loss: 0.05 }],
  ['polled:1', { kind: 'polled', interval: 1 }],
])('reads %s and writes it again', (text, view) => {
  expect(parseView('--view', text)).toEqual(view)
  expect(viewLabel(parseView('--view', text))).toBe(text)
})

test.each([
  ['gossip', '--view: expected exact, predicted, events:DELAY:LOSS (seconds, share) or polled:INTERVAL (seconds)'],
  ['exact:1', 'found exact:1'],
  ['events:0.1', 'found events:0.1'],
  ['events:0.1:5', '--view: expected a number of at least 0 and at most 1, found 5'],
  ['polled:0', '--view: expected a number above 0, found 0'],
])('refuses %s', (text, message) => {
  expect(() => parseView('--view', text)).toThrow(message)
})
