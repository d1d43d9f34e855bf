import { glob, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { byteLevelJson, GPT_2_SPLIT } from '../byte-level-json.ts'
import { byteAlphabet, trainMerges } from './train-bpe.ts'

export const CHATML = `{%- if tools %}<|im_start|>system
# Tools
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}<|im_end|>
{% endif %}
{%- for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}
{%- for call in m.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}`

export const SPECIALS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<tool_call>', '</tool_call>']

/** A byte-level BPE `tokenizer.json` whose merges were learned from `text`; special tokens have the highest ids. */
export function buildTokenizerJson(
  text: string,
  merges: number,
  specials: readonly string[] = SPECIALS,
): Record<string, unknown> {
  const learned = trainMerges(text, merges)
  const pieces = [...new Set([...byteAlphabet(), ...learned.map(([left, right]) => left + right)])]
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
  return byteLevelJson({
    addedTokens: specials.map((content, index) => ({ id: pieces.length + index, content, ...flags })),
    preTokenizer: GPT_2_SPLIT,
    postProcessor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
    tokens: pieces,
    merges: learned.map(([left, right]) => `${left} ${right}`),
    wholeWords: false,
  })
}

export const TINY_CONFIG = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  bos_token: null,
  eos_token: '<|im_end|>',
  pad_token: { content: '<|endoftext|>', lstrip: false },
  chat_template: CHATML,
}

export interface ModelFolder extends AsyncDisposable {
  readonly path: string
  write(name: string, content: unknown): Promise<void>
}

/** A folder of its own; objects are written as JSON. */
export async function modelFolder(files: Readonly<Record<string, unknown>>): Promise<ModelFolder> {
  const path = await mkdtemp(join(tmpdir(), 'kvasir-tokenizer-'))
  const write = async (name: string, content: unknown): Promise<void> => {
    await mkdir(join(path, name, '..'), { recursive: true })
    await writeFile(join(path, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  for (const [name, content] of Object.entries(files)) await write(name, content)
  return { path, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Text of this repository, the same until it changes; at most about `bytes`. */
export async function repositoryText(bytes: number): Promise<string> {
  const root = resolve(import.meta.dirname, '../../..')
  let text = ''
  for (const pattern of ['docs/**/*.md', 'decisions/*.md', 'src/**/*.ts']) {
    const paths: string[] = []
    for await (const path of glob(pattern, { cwd: root })) paths.push(path)
    for (const path of paths.sort()) {
      if (text.length >= bytes) return text
      text += await readFile(join(root, path), 'utf8')
    }
  }
  return text
}
