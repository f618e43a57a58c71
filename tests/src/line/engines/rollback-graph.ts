/**
 * The rollback-dependency graph (Bhargava and Lian, Wang): suppose every unit loses what it has after its last point. Whatever can be
 * reached from those losses, along the order within a unit and from the end of a sending interval to that of the receiving
 * one, falls with them. The line is the last point of each unit that stands. One search of the whole graph a point.
 */
import type { LineEngine, Point } from '@katydid/kernel/state-interval/line/line.js'

/** A point or, at the end of a unit's list, the loss of all after it. */
interface Node {
  readonly unit: number
  readonly place: number
}

export class RollbackGraphEngine implements LineEngine {
  steps = 0
  protected readonly points = new Map<number, Point[]>()
  /** For each unit, the places of its points that stand: all before this one. */
  #standing = new Map<number, number>()

  stable(point: Point): void {
    const points = this.points.get(point.unit)
    if (points === undefined) this.points.set(point.unit, [point])
    else points.push(point)
    this.#standing = this.#search()
  }

  line(unit: number): number {
    const standing = this.#standing.get(unit) ?? 0
    return this.points.get(unit)?.[standing - 1]?.interval ?? 0
  }

  #search(): Map<number, number> {
    const edges = this.#edges()
    const fallen = new Set<Node>()
    const work: Node[] = []
    const fall = (node: Node) => {
      this.steps++
      if (fallen.has(node)) return
      fallen.add(node)
      work.push(node)
    }
    for (const [unit, nodes] of edges.nodes) {
      const points = this.points.get(unit)?.length ?? 0
      fall(nodes[points]!)
    }
    for (let node = work.pop(); node !== undefined; node = work.pop())
      for (const reached of this.reached(node, edges)) fall(reached)
    return new Map(
      [...edges.nodes].map(([unit, nodes]) => [unit, nodes.findIndex((each) => fallen.has(each))]),
    )
  }

  /** What falls with a node. */
  protected reached(node: Node, { nodes, receivers }: Edges): readonly Node[] {
    const later = nodes.get(node.unit)![node.place + 1]
    const told = receivers.get(node) ?? []
    return later === undefined ? told : [later, ...told]
  }

  #edges(): Edges {
    const nodes = new Map<number, readonly Node[]>()
    const nodesOf = (unit: number): readonly Node[] => {
      const known = nodes.get(unit)
      if (known !== undefined) return known
      const count = (this.points.get(unit)?.length ?? 0) + 1
      const made = Array.from({ length: count }, (_, place) => ({ unit, place }))
      nodes.set(unit, made)
      return made
    }
    const receivers = new Map<Node, Node[]>()
    for (const [unit, points] of this.points) {
      nodesOf(unit)
      for (const [place, { dependencies }] of points.entries()) {
        for (const [sender, sent] of dependencies) {
          this.steps++
          const source = nodesOf(sender)[this.#endOf(sender, sent)]!
          const target = nodesOf(unit)[place]!
          receivers.set(source, [...(receivers.get(source) ?? []), target])
        }
      }
    }
    return { nodes, receivers }
  }

  /** The place of the point that ends the interval in which was sent: the first one that is not earlier. */
  #endOf(unit: number, sent: number): number {
    const points = this.points.get(unit) ?? []
    const place = points.findIndex(({ interval }) => interval >= sent)
    return place === -1 ? points.length : place
  }
}

export interface Edges {
  readonly nodes: ReadonlyMap<number, readonly Node[]>
  readonly receivers: ReadonlyMap<Node, readonly Node[]>
}
