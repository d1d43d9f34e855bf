import { z } from 'zod'
import { flag, positiveDuration, size, text } from './forms.ts'

/** Where a model's tokenizer is, and what it is used for. */
export const tokenizerSchema = z.strictObject({
  path: text('a folder or a .gguf file')
    .describe(
      "The model's folder with its tokenizer.json, or its .gguf file; relative to the configuration file. Without one the model's engines are asked for the tokens",
    )
    .exactOptional(),
  mode: z
    .enum(['auto', 'exact', 'off'])
    .describe(
      'auto: prompts are tokenized while an endpoint publishes KV events, and one that cannot be read is only logged. exact: always, and the router does not start without it. off: never',
    )
    .prefault('auto'),
  remote: z
    .enum(['auto', 'off'])
    .describe(
      'auto: its tokens are used once an engine has shown that they are its own. off: engines are not asked, and it is taken at its word; needs a path',
    )
    .prefault('auto'),
  inline: size()
    .describe(
      'Without a path: largest body that waits for the tokens an engine is asked for; of a larger one only the beginning is looked up that was learned before, and the engine is asked behind it, for the next turn',
    )
    .prefault('16KiB'),
  deadline: positiveDuration()
    .describe(
      'Time a request waits for its tokens, and as much again for each 32 KiB of its body where there is a path; after it, its bytes do, and the tokens are ready for the next turn',
    )
    .prefault('20ms'),
  forwardIds: flag()
    .describe('Text prompts of /v1/completions are sent as token ids, to engines that take them')
    .prefault(false),
  cacheBytes: size().describe('Memory for the tokens of conversations, in bytes').prefault('64MiB'),
})
