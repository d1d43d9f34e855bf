import { BoundedInterpreter, type TemplateLimits, tooMuch } from './bounded-interpreter.ts'
import type { ChatRequest } from './chat-request.ts'
import { continueFinal } from './continue-final.ts'
import { Environment, type JinjaProgram, parseJinja } from './jinja-parts.ts'
import { templateGlobals } from './template-globals.ts'
import { type MessageShape, templateMessages, textOf } from './template-messages.ts'
import { probeShape } from './template-shape.ts'
import { messageOf, TokenizerError } from './tokenizer-error.ts'

export interface ChatTemplateOptions {
  /** `bos_token`, `eos_token`, ...: the text of each. */
  readonly specialTokens?: Readonly<Record<string, string>>
  /** Values that a request's `chat_template_kwargs` override (vLLM: `--default-chat-template-kwargs`). */
  readonly kwargs?: Readonly<Record<string, unknown>>
  /**
   * `given`: tools as the client wrote them; `filled`: as vLLM rewrites them, with type, name, description and parameters in
   * this order and null where one is missing.
   */
  readonly tools?: 'given' | 'filled'
  /**
   * What a last message by the assistant means without `continue_final_message`: `closed`, like every other; `prefill`, the
   * beginning of the answer, as llama.cpp has it.
   */
  readonly lastAssistant?: 'closed' | 'prefill'
  /** What the template expects in messages; found out by trying unless given. */
  readonly shape?: Partial<MessageShape>
  readonly limits?: Partial<TemplateLimits>
  /** The time that a template may print. */
  readonly now?: () => Date
  /** Milliseconds, for the time limit. */
  readonly clock?: () => number
}

/** Renders conversations as one model's engine does. */
export interface ChatTemplate {
  readonly shape: MessageShape
  /** The prompt's text. Throws a TokenizerError (`template`, `inexact`) that says why there is none. */
  render(request: ChatRequest): string
}

const LIMITS: TemplateLimits = { milliseconds: 100, steps: 2_000_000, characters: 16 << 20 }

/** Compiles the templates of a model; requests with tools get the one named `tool_use` where there is one. */
export function createChatTemplate(
  templates: ReadonlyMap<string, string>,
  options: ChatTemplateOptions = {},
): ChatTemplate {
  const renderer = new Map([...templates].map(([name, text]) => [name, compile(name, text, options)]))
  const usual = renderer.get('default') ?? (renderer.size === 1 ? [...renderer.values()][0] : undefined)
  if (usual === undefined) {
    const found = templates.size === 0 ? 'none' : [...templates.keys()].join(', ')
    const advice = 'add chat_template.jinja to the folder; until then only plain prompts have exact tokens'
    throw new TokenizerError('template', `expected a chat template named 'default', found ${found}; ${advice}`)
  }
  const withTools = renderer.get('tool_use') ?? usual
  return {
    shape: usual.shape,
    render(request) {
      if (typeof request.chat_template === 'string') {
        throw new TokenizerError('inexact', "expected the model's own chat template, found one in the request")
      }
      if (request.tools?.length && choosesTools(request.tool_choice)) {
        const found = `found tool_choice ${JSON.stringify(request.tool_choice)}`
        throw new TokenizerError(
          'inexact',
          `expected the tools to be up to the model, ${found}: engines differ in that`,
        )
      }
      return (request.tools?.length ? withTools : usual).render(request)
    },
  }
}

function compile(name: string, text: string, options: ChatTemplateOptions): ChatTemplate {
  let program: JinjaProgram
  try {
    program = parseJinja(text)
  } catch (error) {
    const message = `chat template '${name}': expected Jinja, found ${messageOf(error)}; mend it or leave it out`
    throw new TokenizerError('template', message, { cause: error })
  }
  const run = (values: Readonly<Record<string, unknown>>): string => runProgram(name, program, values, options)
  const probed = probeShape(text, (messages) => run({ messages, add_generation_prompt: false }))
  const shape = { ...probed, ...options.shape }
  return { shape, render: (request) => render(run, request, shape, options) }
}

function render(
  run: (values: Readonly<Record<string, unknown>>) => string,
  request: ChatRequest,
  shape: MessageShape,
  options: ChatTemplateOptions,
): string {
  const { messages, add_generation_prompt: wanted, continue_final_message: continued } = request
  if (continued === true && wanted === true) {
    const expected = 'expected one of add_generation_prompt and continue_final_message'
    throw new TokenizerError('inexact', `${expected}, found both; engines refuse that`)
  }
  const common = commonValues(request, options)
  if (continued !== true && options.lastAssistant === 'prefill' && messages.at(-1)?.role === 'assistant') {
    const before = templateMessages(messages.slice(0, -1), shape)
    return run({ messages: before, add_generation_prompt: true, ...common }) + textOf(messages.at(-1)?.content)
  }
  const add = continued !== true && wanted !== false
  const text = run({ messages: templateMessages(messages, shape), add_generation_prompt: add, ...common })
  return continued === true ? continueFinal(text, messages) : text
}

/** What a template may print beside messages. */
function commonValues(request: ChatRequest, options: ChatTemplateOptions): Record<string, unknown> {
  const { tools, documents, reasoning_effort: effort } = request
  return {
    tools: tools?.length ? toolsFor(tools, options.tools) : null,
    documents: documents ?? null,
    ...(typeof effort === 'string' ? { reasoning_effort: effort } : {}),
    ...options.kwargs,
    ...request.chat_template_kwargs,
  }
}

function runProgram(
  name: string,
  program: JinjaProgram,
  values: Readonly<Record<string, unknown>>,
  options: ChatTemplateOptions,
): string {
  const { clock = () => performance.now(), now = () => new Date(), specialTokens } = options
  const limits = { ...LIMITS, ...options.limits }
  const environment = new Environment()
  // In the end the globals win: a request must not replace what a template calls.
  const all = { ...specialTokens, ...values, ...templateGlobals(now) }
  for (const [key, value] of Object.entries(all)) environment.set(key, value)
  try {
    const { value } = new BoundedInterpreter(environment, limits, clock).run(program)
    const text = typeof value === 'string' ? value : ''
    if (text.length > limits.characters) throw tooMuch(`a prompt of at most ${limits.characters} characters`)
    return text
  } catch (error) {
    if (error instanceof TokenizerError) throw error
    const message = `chat template '${name}': expected to render the conversation, found ${messageOf(error)}`
    throw new TokenizerError('template', `${message}; the prompt's bytes are used instead`, { cause: error })
  }
}

/** With `none` or one tool by name some engines show the model no tools or that one only. */
function choosesTools(choice: unknown): boolean {
  return choice !== undefined && choice !== null && choice !== 'auto' && choice !== 'required'
}

type Tools = NonNullable<ChatRequest['tools']>

function toolsFor(tools: Tools, form: ChatTemplateOptions['tools']): Tools {
  if (form !== 'filled') return tools
  return tools.map(({ type = 'function', function: given, ...rest }) => {
    const { name = null, description = null, parameters = null, ...more } = { ...asObject(given) }
    return { type, function: { name, description, parameters, ...more }, ...rest }
  })
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
