import type { Axis } from '../../mesh/index.js'
import { sizeOf } from '../../tensor/index.js'
import type { Executions } from './executions.js'
import { axesOfGroups, axesOfPairs, groupsOf } from './groups.js'
import type { Instruction } from './module.js'
import { bytesOfShape } from './shapes.js'

export const COLLECTIVES = ['all-reduce', 'all-gather', 'reduce-scatter', 'all-to-all', 'collective-permute'] as const
export type CollectiveKind = (typeof COLLECTIVES)[number]

/** Collectives of one kind along the same mesh axes, in one run of the program. */
export interface Collective {
  readonly kind: CollectiveKind
  /** For example `x`, or `x,y` for both together. */
  readonly axes: string
  /** Devices per group. */
  readonly size: number
  readonly count: number
  /** Bytes of the whole arrays on each device, reduced or gathered. */
  readonly bytes: number
  /** Bytes that each device sends, with a ring algorithm. */
  readonly sent: number
}

/** Bytes that a device sends for `bytes` in a ring of `size`. Source: Thakur et al. 2005, "Optimization of Collective Communication Operations in MPICH". */
export function sentBytes(kind: CollectiveKind, bytes: number, size: number): number {
  if (kind === 'collective-permute') return bytes
  return (bytes * (size - 1) * (kind === 'all-reduce' ? 2 : 1)) / size
}

/** The collectives of a program by kind and axes, the most bytes first. */
export function collectivesOf({ times }: Executions, mesh: readonly Axis[]): Collective[] {
  const partitions = sizeOf(mesh)
  const found = new Map<string, Collective>()
  for (const [computation, count] of times) {
    for (const instruction of computation.instructions) {
      const kind = kindOf(instruction)
      if (!kind) continue
      const { axes, size } = extentOf(instruction, kind, mesh, partitions)
      if (size === 1) continue
      const bytes = arrayBytes(instruction, kind, size)
      const key = `${kind} ${axes}`
      const before = found.get(key) ?? { kind, axes, size, count: 0, bytes: 0, sent: 0 }
      found.set(key, {
        ...before,
        count: before.count + count,
        bytes: before.bytes + count * bytes,
        sent: before.sent + count * sentBytes(kind, bytes, size),
      })
    }
  }
  return [...found.values()].sort((a, b) => b.sent - a.sent)
}

/** An async start counts, its done does not. */
function kindOf({ opcode }: Instruction): CollectiveKind | null {
  return COLLECTIVES.find((kind) => opcode === kind || opcode === `${kind}-start`) ?? null
}

function extentOf(instruction: Instruction, kind: CollectiveKind, mesh: readonly Axis[], partitions: number) {
  if (kind === 'collective-permute') return { axes: axesOfPairs(instruction.pairs, mesh), size: 2 }
  const groups = groupsOf(instruction, partitions)
  return { axes: axesOfGroups(groups, mesh), size: groups[0].length }
}

/** Bytes of the result, but of the operands for a reduce-scatter; async starts also return their operands. */
function arrayBytes({ opcode, shape }: Instruction, kind: CollectiveKind, size: number): number {
  const isStart = opcode.endsWith('-start')
  // (operands, results, ...); an all-reduce-start has only results.
  const result = isStart && kind !== 'all-reduce' && shape.parts.length > 1 ? shape.parts[1] : shape
  return bytesOfShape(result) * (kind === 'reduce-scatter' ? size : 1)
}
