import { access, constants, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InputError } from '../../report/input-error.ts'
import { simulationHtml } from './html-page.ts'
import { simulationMarkdown, simulationText } from './simulation-report.ts'
import type { SimulationReport } from './simulation-schema.ts'

/** Where results go to, besides standard output. */
export interface SimulationOutputs {
  /** `-` for standard output. */
  readonly json?: string | undefined
  readonly markdown?: string | undefined
  readonly html?: string | undefined
}

/** The streams of the process. */
export interface OutputStreams {
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

/** Finds out before a long run whether its results can be written. @throws InputError */
export async function checkOutputs(outputs: SimulationOutputs): Promise<void> {
  for (const path of [outputs.json, outputs.markdown, outputs.html]) {
    if (path === undefined || path === '-') continue
    await access(dirname(path), constants.W_OK).catch((error: unknown) => refuse(path, error))
  }
}

/** Shows a report and writes its files; JSON on standard output moves the tables to standard error. */
export async function presentSimulation(
  report: SimulationReport,
  outputs: SimulationOutputs,
  streams: OutputStreams,
): Promise<void> {
  const json = `${JSON.stringify(report)}\n`
  const jsonOnly = outputs.json === '-'
  const shown = jsonOnly ? streams.stderr : streams.stdout
  shown.write(simulationText(report))
  if (jsonOnly) streams.stdout.write(json)
  else if (outputs.json !== undefined) await writeText(outputs.json, json)
  if (outputs.markdown !== undefined) await writeText(outputs.markdown, simulationMarkdown(report))
  if (outputs.html !== undefined) await writeText(outputs.html, simulationHtml(report))
}

/** Writes a file of results. @throws InputError */
export async function writeText(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((error: unknown) => refuse(path, error))
}

function refuse(path: string, error: unknown): never {
  throw new InputError(`${path}: cannot write it: ${error instanceof Error ? error.message : String(error)}`)
}
