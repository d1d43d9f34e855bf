import { parentPort } from 'node:worker_threads'

/** A tokenizer thread that answers with the length of the text, dies of 'die', and never ends with 'hang'. */
parentPort?.on('message', ({ id, text }: { id: number; text: string }) => {
  if (text === 'die') throw new Error('died on purpose')
  if (text === 'leave') process.exit(3)
  while (text === 'hang');
  if (text === 'refuse') parentPort?.postMessage({ id, ok: false, message: 'refused on purpose' })
  else parentPort?.postMessage({ id, ok: true, ids: Uint32Array.of(text.length) })
})
parentPort?.postMessage({ id: 0, ok: true, ids: new Uint32Array(0) })
