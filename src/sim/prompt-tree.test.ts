import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutKeys } from './cut-keys.ts'
import { PromptTree } from './prompt-tree.ts'
import { text } from './testing/small-scenario.ts'

const prompts = fc.array(fc.array(fc.nat(1), { maxLength: 9 }), { minLength: 1, maxLength: 12 })
const treeOf = (all: readonly (readonly number[])[]) => {
  const keys = all.map((ids) => cutKeys([text(ids)], Infinity, 32))
  return { keys, tree: new PromptTree(keys) }
}

test('numbers every different prefix once, and finds it again', () => {
  fc.assert(
    fc.property(prompts, (all) => {
      const { keys, tree } = treeOf(all)
      const nodes = new Map<string, number>()
      for (const [prompt, ids] of all.entries()) {
        const numbers = [...tree.nodesOf(prompt, 0, ids.length)]
        expect(numbers).toHaveLength(ids.length)
        for (const [block, node] of numbers.entries()) {
          const prefix = ids.slice(0, block + 1).join()
          expect(nodes.get(prefix) ?? node).toBe(node)
          nodes.set(prefix, node)
          const sample = tree.sampleOf(node)
          expect(sample.block).toBe(block)
          expect(sample.keys.words[2 * block]).toBe(keys[prompt]!.words[2 * block])
        }
      }
      expect(new Set(nodes.values()).size).toBe(nodes.size)
      expect(tree.nodes).toBe(nodes.size)
    }),
  )
})

test('every prompt consists of whole edges', () => {
  fc.assert(
    fc.property(prompts, (all) => {
      const { tree } = treeOf(all)
      for (const [prompt, ids] of all.entries()) {
        const path = tree.paths.slice(tree.pathStarts[prompt], tree.pathStarts[prompt + 1])
        let depth = 0
        for (const edge of path) {
          expect(tree.starts[edge]).toBe(depth)
          depth = tree.ends[edge]!
        }
        expect(depth).toBe(ids.length)
      }
    }),
  )
})

test('numbers along a part of a prompt', () => {
  const { tree } = treeOf([
    [1, 2, 3],
    [1, 2, 3, 4, 5],
    [1, 7],
  ])
  expect([...tree.nodesOf(1, 1, 4)]).toEqual([...tree.nodesOf(1, 0, 9)].slice(1, 4))
  expect([...tree.nodesOf(1, 4, 4)]).toEqual([])
})
