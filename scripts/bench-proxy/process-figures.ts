import { existsSync, readFileSync } from 'node:fs'

/** Ticks of a second in /proc/PID/stat: USER_HZ, which is 100 on every common Linux (proc(5), clock ticks). */
const TICKS = 100

/** Whether the figures of another process can be read on this machine. */
export function canReadProcesses(): boolean {
  return existsSync('/proc/self/stat')
}

/** CPU seconds that a process has used, all its threads together, in user and system mode; in steps of 10 ms. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The name in parentheses may hold anything; behind it stand the fields 3 and on, of which 14 and 15 are needed.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  if (Number.isFinite(ticks)) return ticks / TICKS
  throw new Error(`/proc/${pid}/stat: expected numbers in fields 14 and 15, found '${text.trim()}'`)
}

/** The most memory a process has held, in MiB. */
export function peakMemory(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return Number(kilobytes) / 1024
}
