import { InputError } from '../report/input-error.ts'
import { NOT_NEGATIVE, POSITIVE, readNumber, SHARE } from '../report/option-values.ts'
import type { RouterView } from './scenario.ts'

const FORMS = 'exact, predicted, events:DELAY:LOSS (seconds, share) or polled:INTERVAL (seconds)'

/**
 * Reads what a router knows, such as `events:0.1:0.05`.
 * @throws InputError
 */
export function parseView(flag: string, text: string): RouterView {
  const [kind, ...values] = text.split(':')
  const [first, second] = values
  if (kind === 'exact' && values.length === 0) return { kind }
  if (kind === 'predicted' && values.length === 0) return { kind }
  if (kind === 'events' && values.length === 2) {
    return { kind, delay: readNumber(flag, first, NOT_NEGATIVE) ?? 0, loss: readNumber(flag, second, SHARE) ?? 0 }
  }
  if (kind === 'polled' && values.length === 1) return { kind, interval: readNumber(flag, first, POSITIVE) ?? 1 }
  throw new InputError(`${flag}: expected ${FORMS}; found ${text}`)
}

/** A view as the command line writes it. */
export function viewLabel(view: RouterView): string {
  if (view.kind === 'events') return `events:${view.delay}:${view.loss}`
  return view.kind === 'polled' ? `polled:${view.interval}` : view.kind
}
