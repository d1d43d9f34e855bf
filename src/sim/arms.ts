import { parse } from 'yaml'
import type { PartConfig } from '../core/plugin.ts'
import { findPolicy } from '../plugins/find-policy.ts'
import { FILTERS, PICKERS, SCORERS } from '../plugins/index.ts'
import { instantiatePlugin, PluginConfigError } from '../plugins/instantiate-plugin.ts'
import { createPartFactory } from '../plugins/part-factory.ts'
import { InputError } from '../report/input-error.ts'

/** A policy of a comparison under the name that reports use. */
export interface Arm {
  readonly label: string
  readonly policy: PartConfig
}

const FORM = 'names such as lmetric, hit-bonus{penalty: 5} or mine=hit-bonus{penalty: 5}, separated by commas'
const LABEL = /^\s*([\w.-]+)\s*=\s*/
const NAME = /^[\w.-]+/

/**
 * Reads policies as the command line gives them: `name`, `name{option: value}` or `{type: name, option: value}`, each with
 * `label=` in front if it is to be called something else; options are a YAML flow map, in which the space after a colon
 * may be left out.
 * @throws InputError for an unknown policy (the message lists the known ones), wrong options or a label used twice
 */
export function parseArms(flag: string, texts: readonly string[]): Arm[] {
  const arms = texts.flatMap(splitAtCommas).map((text) => parseArm(flag, text))
  if (arms.length === 0) throw new InputError(`${flag}: expected ${FORM}; found nothing`)
  for (const [index, { label }] of arms.entries()) {
    if (arms.findIndex((arm) => arm.label === label) < index) {
      throw new InputError(`${flag}: ${label} stands there twice; give one of them a name of its own: other=${label}`)
    }
  }
  return arms
}

/** Splits at the commas that are outside of brackets and quotes; empty parts are left out. */
function splitAtCommas(text: string): string[] {
  const parts = ['']
  let depth = 0
  let quote = ''
  for (const character of text) {
    if (quote !== '') quote = character === quote ? '' : quote
    else if (character === '"' || character === "'") quote = character
    else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    if (character === ',' && depth === 0 && quote === '') parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function parseArm(flag: string, text: string): Arm {
  const label = LABEL.exec(text)
  const written = text.slice(label?.[0].length ?? 0)
  const name = NAME.exec(written)?.[0]
  const options = parseMap(flag, text, written.slice(name?.length ?? 0).trim())
  const type = name ?? options['type']
  if (typeof type !== 'string') throw new InputError(`${flag}: expected ${FORM}; found ${text}`)
  const policy: PartConfig = { ...options, type }
  checkPolicy(flag, policy)
  return { label: label?.[1] ?? (name === undefined ? labelOf(policy) : written.replaceAll(/\s+/g, ' ')), policy }
}

function parseMap(flag: string, whole: string, text: string): Record<string, unknown> {
  if (text === '') return {}
  const value = text.startsWith('{') && text.endsWith('}') ? parseYaml(spaced(text)) : undefined
  if (typeof value !== 'object' || value === null) {
    throw new InputError(`${flag}: expected ${FORM}; found ${whole}`)
  }
  return { ...value }
}

/** YAML takes `a:1` for one word; with a space after the colon of a key it is what was meant. */
function spaced(text: string): string {
  return text.replaceAll(/([{,]\s*[A-Za-z][\w-]*):(?=\S)/g, '$1: ')
}

function parseYaml(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

function checkPolicy(flag: string, { type, ...options }: PartConfig): void {
  const random = () => 0
  const parts = createPartFactory({ filters: FILTERS, scorers: SCORERS, pickers: PICKERS }, random)
  try {
    instantiatePlugin(findPolicy(type), options, { random, parts })
  } catch (error) {
    throw error instanceof PluginConfigError ? new InputError(`${flag}: ${error.message}`) : error
  }
}

function labelOf({ type, ...options }: PartConfig): string {
  const given = Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  return given.length === 0 ? type : `${type}{${given.join(', ')}}`
}
