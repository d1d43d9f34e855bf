import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

/** Runs the program in a process of its own and waits for its end. */
export async function runKvasir(args: readonly string[]) {
  const child = spawn(process.execPath, [resolve('src/cli/main.ts'), ...args], { cwd: resolve('.') })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const code = await new Promise<number | null>((done) => child.on('close', done))
  return { code, stdout, stderr }
}
