import { eventually } from '../../test/testing/eventually.ts'
import { freePort } from '../../test/testing/free-port.ts'
import { type KvasirProcess, kvasirProcess } from '../../test/testing/kvasir-process.ts'
import { BLOCK, KV_TOKENS, MAX_MODEL_LEN, MODEL } from './settings.ts'

const START_SECONDS = 60

/** A simulated engine in a process of its own, which can be killed and started again at the same addresses. */
export class EngineProcess implements AsyncDisposable {
  readonly id: string
  readonly url: string
  /** Where it publishes its events, as the router's configuration has it. */
  readonly events: { readonly address: string; readonly replay: string }
  readonly #args: readonly string[]
  #process: KvasirProcess

  private constructor(id: string, [port, events, replay]: readonly [number, number, number], args: readonly string[]) {
    this.id = id
    this.url = `http://127.0.0.1:${port}`
    this.events = { address: `tcp://127.0.0.1:${events}`, replay: `tcp://127.0.0.1:${replay}` }
    this.#args = [
      ...args,
      ...['--port', port, '--kv-events-port', events, '--kv-events-replay-port', replay].map(String),
    ]
    this.#process = kvasirProcess(this.#args)
  }

  /** Resolves when it listens. `tokenizer` is the folder of its model, where its prompts are text. */
  static async start(index: number, speed: number, tokenizer: string | undefined): Promise<EngineProcess> {
    const ports = [await freePort(), await freePort(), await freePort()] as const
    const args = ['engine', '--model', MODEL, '--speed', String(speed), '--kv-tokens', KV_TOKENS]
    args.push('--block-size', String(BLOCK), '--kv-events', 'vllm', '--seed', String(index))
    args.push('--max-model-len', MAX_MODEL_LEN)
    if (tokenizer !== undefined) args.push('--tokenizer', tokenizer)
    const engine = new EngineProcess(`e${index}`, ports, args)
    await engine.#ready()
    return engine
  }

  /** Ends it without any goodbye. */
  async kill(): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }

  /** Resolves when it listens again. */
  async restart(): Promise<void> {
    this.#process = kvasirProcess(this.#args)
    await this.#ready()
  }

  /** Sets faults of the simulation. */
  async faults(faults: object): Promise<void> {
    const answer = await fetch(`${this.url}/faults`, { method: 'POST', body: JSON.stringify(faults) })
    if (!answer.ok)
      throw new Error(`${this.id}: expected its faults to be set, found ${answer.status} ${await answer.text()}`)
    await answer.body?.cancel()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  async #ready(): Promise<void> {
    const started = this.#process
    const ended = started.exited.then((code) => {
      throw new Error(`engine ${this.id} ended with ${code}: ${started.stderr()}`)
    })
    await Promise.race([
      eventually(`${this.id} listens`, () => /KV events of rank 0/.test(started.stdout()), START_SECONDS),
      ended,
    ])
    ended.catch(() => undefined)
  }
}
