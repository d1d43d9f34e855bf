import { hash } from 'node:crypto'
import type { EngineName } from '../../signals/metrics/engine-table.ts'
import { agreeWithEngine } from '../../tokenizer/agree-with-engine.ts'
import type { RemoteEngine } from '../../tokenizer/engine-tokens.ts'
import type { LoadedTokenizer } from '../../tokenizer/load-tokenizer.ts'
import { createPromptTokenizer } from '../../tokenizer/prompt-tokenizer.ts'
import { createRemoteTokenizer, type RemoteTokenizer } from '../../tokenizer/remote-tokenizer.ts'
import type { SelfCheck } from '../../tokenizer/self-check.ts'
import type { Check, CheckResult, Subject } from '../check.ts'
import { describeError } from '../describe-error.ts'
import { note, ok, problem, type Finding } from '../finding.ts'
import { AWKWARD_TEXT, GREETING } from '../probe-prompt.ts'

const REMOTE: Partial<Record<EngineName, RemoteEngine>> = { vllm: 'vllm', sglang: 'sglang', 'llama-cpp': 'llama.cpp' }

/** Whether the tokens of a tokenizer's folder are the engine's, and whether the engine tells its own. */
export const tokensCheck: Check = {
  id: 'tokens',
  title: 'tokens',
  async run(subject) {
    const { facts, options } = subject
    const engine = REMOTE[facts.engine ?? 'openai']
    if (engine === undefined) return await countOnly(subject)
    const remote = remoteOf(subject, engine)
    try {
      const ids = await remote.text(AWKWARD_TEXT)
      const tokenFingerprint = hash('sha256', ids.join(' ')).slice(0, 16)
      const { tokenizer } = options
      const findings = tokenizer === undefined ? [routeWorks(ids.length)] : await compare(subject, remote, tokenizer)
      return { findings, facts: { tokenFingerprint } }
    } catch (error) {
      const text = `its tokenize route does not answer: ${describeError(error)}`
      const advice = 'let requests to /tokenize through to the engine; without it tokens cannot be verified'
      return { findings: [note('tokens.no-route', text, advice)] }
    }
  },
}

function remoteOf({ url, options, facts }: Subject, engine: RemoteEngine): RemoteTokenizer {
  const { tokenizer, headers, timeout } = options
  const prompts = tokenizer && createPromptTokenizer(tokenizer.tokenizer, tokenizer.spec)
  return createRemoteTokenizer({
    url,
    engine,
    model: facts.askModel,
    headers,
    timeoutMs: timeout * 1000,
    ...(prompts === undefined ? {} : { render: (body: string) => prompts.render(body) }),
  })
}

function routeWorks(tokens: number): Finding {
  const text = `its tokenize route answers (${tokens} tokens for a text of ${AWKWARD_TEXT.length} characters)`
  return ok('tokens.route', `${text}; --tokenizer FOLDER compares its tokens with ours`)
}

async function compare(subject: Subject, remote: RemoteTokenizer, loaded: LoadedTokenizer): Promise<Finding[]> {
  const { tokenizer, spec } = loaded
  const { askModel: model } = subject.facts
  const { check, variant } = await agreeWithEngine(tokenizer, spec, remote, model === undefined ? {} : { model })
  return [describeAgreement(check, spec.source, variant.kwargs ?? {})]
}

/** What the comparison of tokens means. */
export function describeAgreement(
  check: SelfCheck,
  source: string,
  kwargs: Readonly<Record<string, unknown>>,
): Finding {
  const settings = Object.keys(kwargs).length === 0 ? '' : ` with chat_template_kwargs ${JSON.stringify(kwargs)}`
  if (check.agreed) return ok('tokens.agree', `${check.reason}${settings}`)
  const differ = check.checks.some(({ result }) => result === 'different')
  if (!differ) return note('tokens.uncertain', `${source}: ${check.reason}`)
  const advice =
    'give the tokenizer of the very model that is served, with the chat template that the engine was started with'
  return problem('tokens.differ', `${source}: ${check.reason}`, advice)
}

/** Where the engine does not tell its tokens, at least their number can be compared. */
async function countOnly({ facts, options: { tokenizer } }: Subject): Promise<CheckResult> {
  const { promptTokens, generatingRoute: route } = facts
  if (tokenizer === undefined || promptTokens === undefined) {
    return { findings: [note('tokens.unknown', 'the engine has no tokenize route that is known')] }
  }
  const prompts = createPromptTokenizer(tokenizer.tokenizer, tokenizer.spec)
  const messages = [{ role: 'user', content: GREETING }]
  const ours = route === 'chat' ? await prompts.chat({ messages }) : await prompts.text(GREETING)
  if (!ours.exact) return { findings: [note('tokens.uncertain', `${tokenizer.spec.source}: ${ours.reason}`)] }
  const counts = `${ours.tokens.length} tokens by ${tokenizer.spec.source}, ${promptTokens} by the engine's usage`
  if (ours.tokens.length === promptTokens) return { findings: [ok('tokens.count', `${counts} for a small prompt`)] }
  const advice = 'give the tokenizer of the very model that is served'
  return { findings: [problem('tokens.differ', `a small prompt has ${counts}`, advice)] }
}
