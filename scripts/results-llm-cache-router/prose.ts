/** What the page says about how it came about; figures in here are published ones or do not depend on any policy. */
export function introduction(seeds: number): string[] {
  return [
    '# The tables of llm-cache-router, run again',
    '',
    'Written by `node scripts/results-llm-cache-router.ts`; takes a minute or two. Time is virtual and seeds are fixed: the page is the same',
    'on every machine.',
    '',
    'llm-cache-router (zxuhan/llm-router) published these tables for real engines: four A100 with vLLM 0.6.4, and llama-server on a laptop. Here',
    "the same loads meet simulated engines, behind the production scheduler, policies and predicted index. Its policies run as Kvasir's plugins",
    '`round-robin`, `random`, `least-loaded` and `prefix-aware`; `marginal-cost` is the default of Kvasir, without any option set.',
    '',
    `Every cell is the mean of ${seeds} seeds (${seeds} traces, each run once per policy on fresh engines), with the 95 % bootstrap interval of that mean`,
    'over seeds. Published figures are means of three runs in the sweep and the first laptop table, and single runs in the others.',
    '',
    '**What was published as TTFT is the time of the whole answer:** with real engines the bench asked for answers in one piece, so that its first',
    'byte is also its last. Both are given here; published figures stand beside those for whole answers.',
    '',
    '**The trace** is that of the published bench: one system prompt for all sessions, a second one for 40 % of them, user turns of 88 characters, in 30 % of the',
    "turns a tool call with its result of 79 more, and `ack tN` as the assistant's part, whatever the engine answered. Sessions start within 250 ms; a turn",
    'follows the answer before it at once, so that as many requests are under way as there are sessions. Two things had to be assumed:',
    '',
    '- **Four characters to a token.** The published prompts are one sentence and then thousands of equal letters, and random characters; how many tokens that is',
    '  is not known. Four fit: with them the cached shares below come out within three points of the published ones.',
    '- **The lengths of answers.** Answers have up to 64 tokens (8 on the laptop), but the published medians are those of about five tokens, and the 95th percentiles those',
    '  of all 64: most answers end early, as models do that see `ack t3` as the pattern of their own answers. Here every first answer of a session and a tenth of the later ones',
    '  has full length, the others 4 to 7 tokens.',
    '',
    'Not in the model: network, HTTP, tokenizing and the chat template, a few milliseconds per request. The published table with simulated backends of a fixed 8 ms measures',
    'the overhead of the router alone; for that see `proxy.md`.',
  ]
}

export const CLOUD_SETTING: readonly string[] = [
  'Four endpoints with the profiles `qwen2.5-7b-a100` and `qwen2.5-14b-a100`; sessions of 8 turns, a system prompt of 6,144 characters, a second one of 1,536, answers of up to 64',
  'tokens. No prompt comes near the context of 8,192 tokens and nothing is evicted. The published valve is 4. 48 and 96 sessions were not published.',
  '',
]

export const CLOUD_DIFFERENCES: readonly string[] = [
  '- **Sizes of times.** Medians and 95th percentiles of whole answers at 4 sessions are within 20 % of the published ones, although the profiles were made',
  '  from operator tables and not from these runs. True TTFT is a third of the published "TTFT" or less: the rest is decoding.',
  '- **Growth with load.** Published 95th percentiles grow by 13 to 52 % from 4 to 24 sessions, here by 6 % at most; published medians of random and round robin',
  '  grow twice as much as here and more. Probably the host: vLLM 0.6.4 spent much more than the 1.5 ms per step that the profiles allow, more so',
  '  with larger batches, and stopped all decoding for every prefill.',
  '- **Cached share.** Within 2.7 points everywhere, and in the published order. That of round robin and random is higher here. Probably because a prompt may use blocks',
  '  here that another one computes in the same step; vLLM 0.6.4 computed such a prompt twice when sessions began together.',
  '- **Requests per second.** A run ends with its slowest session, so that the number of long answers decides; that number is an assumption here. On 7B ours is',
  '  lower up to 16 sessions and higher at 24, on 14B higher throughout, and most so for random and round robin at 24, for the reason given under growth.',
  '- **Least-loaded against prefix-aware.** As published, least-loaded has the better median at 4 and 8 sessions: each session has an engine, or half of one, for itself. In a closed loop',
  '  without think time it is sticky by accident: the endpoint that has just answered is the least loaded one, and it is the one that holds the session. Prefix-aware sends all',
  '  requests of 4 sessions to one endpoint, here, and by its cached share there too. At 16 and 24 sessions prefix-aware was 1 to 5 ms ahead; here they are equal.',
  '- **Where the medians of TTFT come from.** A request that finds an idle engine waits for one short prefill step. On an engine that decodes, it waits for the step under',
  '  way and then for one that prefills and decodes: two steps, about 25 ms on 7B and 46 ms on 14B. From 8 sessions on nearly every request meets that, whatever the router does.',
  '- **Slopes.** For the same reason two of the criteria exclude each other: who is as good as least-loaded at 4 sessions (one step) and as good as prefix-aware at 24 (two steps)',
  '  has a steeper slope than prefix-aware, which pays two steps at 4 sessions already. The gentle slope is that of a bad start. The criterion is kept as it was published.',
  '- **The 95th percentile of TTFT** is that of first turns. Prefix-aware with a valve lines them up behind a cold prompt on one endpoint, as many as the valve lets through.',
]

export const LAPTOP_SETTING: readonly string[] = [
  'Three endpoints of two slots, Qwen2.5-1.5B in 4 bits: 145 tok/s prefill (a cold prompt of 500 tokens took 3.5 s) and 40 tok/s decode (inferred), a KV cache of two times 4,096 tokens; 6 sessions of 3 turns,',
  'a system prompt of 2,048 characters, answers of up to 8 tokens, valve 8.',
  '',
  'Two things are not as they were. **Caches:** llama.cpp keeps one prompt per slot; the simulated engine has one cache of blocks for both slots. **Machines:** the three servers shared one GPU; the simulated endpoints',
  'are machines of their own.',
]

export const LAPTOP_DIFFERENCES: readonly string[] = [
  'Why it differs:',
  '',
  '- **Cached share** is 14 to 20 points higher: a system prompt is computed once per endpoint here, three times in 18 requests, and was computed once per slot there, up to',
  '  six times. Three cold prompts are also all that round robin and random can cost here, so that their order is not the published one: they differ only in',
  '  how often a later turn finds its session.',
  '- **The 95th percentile** of whole answers was 8 s for the three that spread and 3.7 s for prefix-aware; here it is 4 to 5 s for those that spread, and highest for prefix-aware. Six',
  '  cold prompts at once shared one GPU there, and whoever kept to one server had all of it. With a machine per endpoint, spreading takes nothing from anybody,',
  '  and one endpoint with six sessions on two slots is the bottleneck. The published win of 55 % at the 95th percentile is one of the shared GPU.',
  '- **The median** of least-loaded is far ahead, as published, and that of prefix-aware at the end, here beside random. **Requests per second** of prefix-aware were the',
  '  highest there and are the lowest here, again for the shared GPU.',
]

export const VALVE_DIFFERENCES: readonly string[] = [
  'Why it differs: as published, a higher valve finds more in the cache and answers fewer requests per second with a worse median. The published 95th percentile is',
  'best without a valve (14 s) and here it is worst there, because a server without competition had the whole GPU. Rates are three to four times the published ones: more is found in',
  'the cache, and every endpoint is a machine. Settings of 16 and more never act with 12 sessions.',
]

export const CONTROL_DIFFERENCES: readonly string[] = [
  'Why it differs:',
  '',
  '- **Saturation.** Published cached shares are 12 to 15 points lower because four slots keep four prompts, whoever asks; here the cache keeps the turns of all 50 sessions, so that it matters',
  '  whether a session comes back to its endpoint. Hence round robin and random fall behind here and were level with the others there, and hence the higher rates.',
  '- **What ran there** is not certain: the page says the fleet of the laptop table, its command names two servers and the small model. Simulated are two endpoints with the larger model.',
  '- **Small model.** Medians and rates are near the published ones, the cached share is 13 to 19 points higher (slots again), and prefix-aware has the worst 95th percentile instead of the best (one GPU again).',
]
