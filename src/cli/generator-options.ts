import type { Command } from 'commander'

/** Adds the options of generated workloads, which every command that can generate one takes. */
export function addGeneratorOptions(command: Command): void {
  command
    .option('--sessions <n>', 'conversations to generate, or to take from a trace')
    .option('--turns <n>', 'requests per conversation')
    .option('--system-len <n>', 'characters of the shared system prompt')
    .option('--user-len <n>', 'characters of what a user writes, on average')
    .option('--code-context-len <n>', 'characters of code pasted into the first message of some conversations')
    .option('--code-share <x>', 'share of conversations with pasted code')
    .option('--tool-prob <x>', 'chance that a turn brings the result of a tool')
    .option('--tool-len <n>', "characters of a tool's result, on average")
    .option('--documents <n>', 'documents that rag questions are about')
    .option('--doc-len <n>', 'characters of a document')
    .option('--prompt-len <n>', 'characters of a single prompt, on average')
    .option('--groups <n>', 'groups of users, each with a system prompt of its own')
    .option('--hot-share <x>', 'share of conversations with the hot prefix in the end')
    .option('--burst <n>', 'equal prompts that come at once')
    .option('--fork-prob <x>', 'chance that a call starts sub-agents, or that a tool loop branches')
    .option('--forks <n>', 'sub-agents, or branches, that start together')
    .option('--agent-turns <n>', 'requests of a sub-agent')
    .option('--start-jitter-ms <n>', 'conversations open within this time')
    .option('--turn-gap-ms <n>', 'time between an answer and the next turn')
    .option('--max-tokens <n>', 'tokens to generate per answer')
}
