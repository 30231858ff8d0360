import { axisSize, type Mesh } from '../../mesh/index.js'
import { sentBytes, type Collective, type CollectiveKind } from '../hlo/collectives.js'
import { forEachOperation, type PlacedProgram, type PlacedValue, type PlacedOperation } from './placed-program.js'

/**
 * Collectives of one run, from how the tensors of each operation are split: sums over a split dim are all-reduced, or
 * reduce-scattered where the result is split over that axis; operands that an operation needs whole are gathered. An
 * estimate of a partitioner, which sometimes does better. The most bytes first.
 */
export function communicationOf(program: PlacedProgram, mesh: Mesh): Collective[] {
  const found = new Map<string, Collective>()
  const add = (kind: CollectiveKind, axis: string, bytes: number, times: number) => {
    const size = axisSize(mesh, axis)
    if (size === 1 || bytes === 0) return
    const key = `${kind} ${axis}`
    const before = found.get(key) ?? { kind, axes: axis, size, count: 0, bytes: 0, sent: 0 }
    found.set(key, {
      ...before,
      count: before.count + times,
      bytes: before.bytes + times * bytes,
      sent: before.sent + times * sentBytes(kind, bytes, size),
    })
  }
  const users = usersOf(program)
  forEachOperation(program, (step, times) => {
    if (step.body) return
    const sums = summedOver(step)
    for (const y of step.outputs) {
      const after = users.get(y) ?? []
      for (const axis of sums) {
        const scattered = after.length === 1 && isGiven(after[0]) && after[0].outputs[0].axes.includes(axis)
        add(scattered ? 'reduce-scatter' : 'all-reduce', axis, y.bytes, times)
      }
    }
    for (const { kind, axis, bytes } of moves(step, sums)) add(kind, axis, bytes, times)
  })
  return [...found.values()].sort((a, b) => b.sent - a.sent)
}

function usersOf(program: PlacedProgram): Map<PlacedValue, PlacedOperation[]> {
  const users = new Map<PlacedValue, PlacedOperation[]>()
  forEachOperation(program, (step) => {
    for (const x of new Set(step.inputs)) users.set(x, [...(users.get(x) ?? []), step])
  })
  return users
}

/** Whether the program itself states the placement of the result. */
function isGiven({ node }: PlacedOperation): boolean {
  return node.primitive.traits.placement === 'given'
}

/** Axes of the mesh over which each device has only a partial sum. */
function summedOver({ node, inputs, outputs: [y] }: PlacedOperation): string[] {
  const summed = node.primitive.traits.sums?.(node.attributes, inputs) ?? []
  const over = summed.flatMap((axes, operand) => axes.flatMap((axis) => inputs[operand].axes[axis] ?? []))
  return [...new Set(over)].filter((axis) => !y.axes.includes(axis))
}

/**
 * Communication besides sums: an axis that splits the largest operand and not the result is gathered, one that splits
 * another dim of the same array is exchanged.
 */
function moves({ node, inputs, outputs: [y] }: PlacedOperation, sums: readonly string[]) {
  const { family, inPlace } = node.primitive.traits
  if (inPlace) return []
  const x = inputs.reduce<PlacedValue | null>(
    (most, each) => (most === null || each.bytes > most.bytes ? each : most),
    null,
  )
  const same = family === 'relabel' && sizes(x!) === sizes(y)
  return [...new Set(x?.axes)].flatMap((axis): { kind: CollectiveKind; axis: string; bytes: number }[] => {
    if (axis === null || sums.includes(axis)) return []
    const at = y.axes.indexOf(axis)
    if (at < 0) return [{ kind: 'all-gather', axis, bytes: y.bytes }]
    return same && at !== x!.axes.indexOf(axis) ? [{ kind: 'all-to-all', axis, bytes: y.bytes }] : []
  })
}

function sizes({ dims }: PlacedValue): string {
  return dims.map(({ size }) => size).join()
}
