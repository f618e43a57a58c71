/** The trees know the root of every node, as a list of parents does, and at a logarithmic cost. */
import * as fc from 'fast-check'
import test from 'ava'
import { cut, link, rootOf, TreeNode } from '@katydid/kernel/state-interval/line/link-cut.js'
import { Meter } from '@katydid/kernel/state-interval/line/meter.js'
import { runs } from './runs.js'

class Leaf extends TreeNode<Leaf> {}

test('[SI40] after any links and cuts each node has the root that its parents lead to', (t) => {
  const count = 12
  const nth = fc.nat({ max: count - 1 })
  const deed = fc.record({ node: nth, other: nth, isCut: fc.boolean() })
  const held = fc.property(fc.array(deed, { maxLength: 80, size: 'max' }), (deeds) => {
    const meter = new Meter()
    const nodes = Array.from({ length: count }, () => new Leaf())
    const parents = new Map<number, number>()
    const rootByParents = (node: number): number => {
      const parent = parents.get(node)
      return parent === undefined ? node : rootByParents(parent)
    }
    for (const { node, other, isCut } of deeds) {
      if (isCut && parents.has(node)) {
        cut(nodes[node]!, meter)
        parents.delete(node)
      } else if (!isCut && !parents.has(node) && rootByParents(other) !== node) {
        link(nodes[node]!, nodes[other]!, meter)
        parents.set(node, other)
      }
      t.is(rootOf(nodes[other]!, meter), nodes[rootByParents(other)]!)
    }
    for (const [place, node] of nodes.entries())
      t.is(rootOf(node, meter), nodes[rootByParents(place)]!)
  })

  fc.assert(held, { numRuns: 2 * runs, seed: 2026 })
})

test('[SI40] only a root is hung, and only what hangs is cut', (t) => {
  const meter = new Meter()
  const [one, two, three] = [new Leaf(), new Leaf(), new Leaf()]
  link(one, two, meter)

  t.throws(() => link(one, three, meter), { message: /only a root is hung/ })
  t.throws(() => cut(two, meter), { message: /only a node that hangs is cut/ })
})

test('[SI43] finding roots all over a long chain costs a small constant times the logarithm each', (t) => {
  const length = 4096
  const meter = new Meter()
  const nodes = Array.from({ length }, () => new Leaf())
  for (let place = 1; place < length; place++) link(nodes[place - 1]!, nodes[place]!, meter)
  const before = meter.steps

  for (let turn = 0; turn < length; turn++)
    t.is(rootOf(nodes[(turn * 1571) % length]!, meter), nodes[length - 1]!)

  const each = (meter.steps - before) / length
  t.true(each > 2 && each < 5 * Math.log2(length), `${each} steps each`)
})

test('[SI43] asking again costs next to nothing', (t) => {
  const meter = new Meter()
  const nodes = Array.from({ length: 100 }, () => new Leaf())
  for (let place = 1; place < 100; place++) link(nodes[place - 1]!, nodes[place]!, meter)
  rootOf(nodes[0]!, meter)
  const before = meter.steps

  rootOf(nodes[99]!, meter)

  t.true(meter.steps - before <= 4, `${meter.steps - before} steps`)
})
