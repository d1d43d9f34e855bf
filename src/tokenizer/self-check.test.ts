import { describe, expect, it } from 'vitest'
import { agreeWithEngine } from './agree-with-engine.ts'
import { AWKWARD_PROMPTS } from './awkward-prompts.ts'
import { createPromptTokenizer } from './prompt-tokenizer.ts'
import { createRemoteTokenizer } from './remote-tokenizer.ts'
import { selfCheck } from './self-check.ts'
import { jsonServer } from './testing/json-server.ts'
import { trainedSpec } from './testing/shared-model.ts'
import { createWorkerTokenizer } from './worker-tokenizer.ts'

const THINKING = `{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% endfor %}{{ tools | tojson }}{% if enable_thinking is defined and not enable_thinking %}<no thinking>{% endif %}`

describe('the self-check', () => {
  it('finds settings under which our tokens are those of a vLLM', async () => {
    const spec = { ...(await trainedSpec()), templates: new Map([['default', THINKING]]) }
    await using tokenizer = await createWorkerTokenizer(spec)
    const engine = createPromptTokenizer(tokenizer, spec, { tools: 'filled', kwargs: { enable_thinking: false } })
    await using server = await jsonServer(async (_path, body) => {
      const found = await engine.chat(body)
      return found.exact ? [200, { token_ids: [...found.tokens] }] : [400, { error: found.reason }]
    })
    const remote = createRemoteTokenizer({ engine: 'vllm', url: server.url })
    const agreement = await agreeWithEngine(tokenizer, spec, remote, { model: 'm' })
    expect(agreement.check).toMatchObject({ agreed: true })
    expect(agreement.variant).toEqual({ tools: 'filled', kwargs: { enable_thinking: false } })
    // Further variants cost the engine nothing.
    expect(server.received).toHaveLength(AWKWARD_PROMPTS.length)
    const fixed = await agreeWithEngine(tokenizer, spec, remote, { model: 'm', kwargs: { enable_thinking: true } })
    expect(fixed.check).toMatchObject({ agreed: false, reason: expect.stringContaining("prompt 'plain'") })
  })

  it('does not agree on what it could not compare', async () => {
    const spec = await trainedSpec()
    await using tokenizer = await createWorkerTokenizer(spec)
    await using server = await jsonServer(() => [400, { error: 'no' }])
    const remote = createRemoteTokenizer({ engine: 'vllm', url: server.url })
    const check = await selfCheck(createPromptTokenizer(tokenizer, spec), remote)
    expect(check.agreed).toBe(false)
    expect(check.reason).toMatch(/^only 0 of \d+ prompts could be compared: plain: POST .* status 400/)
    const mute = createPromptTokenizer(tokenizer, { templates: new Map(), specialTokens: {} })
    expect((await selfCheck(mute, remote)).reason).toContain('expected a chat template')
  })
})
