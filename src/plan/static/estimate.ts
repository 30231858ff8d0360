import type { ModelConfig } from '../../config/index.js'
import type { Mesh, Placement } from '../../mesh/index.js'
import { lowerStep } from '../../train/index.js'
import { costsOf } from '../costs.js'
import type { Hardware } from '../hardware.js'
import type { Collective } from '../hlo/collectives.js'
import { communicationOf } from './communication.js'
import { placeProgram } from './placed-program.js'
import { deviceFlops, programFlops } from './flops.js'
import { peakOf } from './memory.js'
import { computeSeconds } from './traffic.js'

/** Needs of a training step, counted from its traced program without compiling. Bytes are those of one device. */
export interface Estimate {
  readonly memory: {
    readonly parameters: number
    readonly optimizer: number
    /** The batch, and the number of the step. */
    readonly inputs: number
    /** Values saved for the backward pass, at the peak. */
    readonly activations: number
    readonly gradients: number
    readonly working: number
    readonly total: number
  }
  readonly flops: {
    /** Of a step without recomputation: 3 times the forward pass. */
    readonly model: number
    /** With recomputation, by the same formulas. */
    readonly counted: number
    /** Of the products of the traced step, on all devices. */
    readonly whole: number
    /** On one device; more than its share of `whole` where devices repeat work. */
    readonly device: number
  }
  readonly communication: readonly Collective[]
  /** Lower bound of a step's seconds; null where the devices' speeds are not known. */
  readonly seconds: { readonly compute: number; readonly communication: number } | null
}

/** A traced step and its placement on a mesh, for estimates and for XLA. */
export type LoweredStep = ReturnType<typeof lowerStep>

/** Estimates a step on the hardware. */
export function estimate(step: LoweredStep, config: ModelConfig, placement: Placement, hardware: Hardware): Estimate {
  const { mesh } = placement
  const program = placeProgram(step.program, placement, step.roles, hardware.arrayBytes)
  const bytes = (which: (i: number) => boolean) =>
    program.inputs.reduce((sum, x, i) => sum + (which(i) ? x.bytes : 0), 0)
  const isStored = (i: number) => step.roles[i] === 'parameters' && step.names[i] !== 'step'
  const isSlot = (i: number) => isStored(i) && step.names[i].includes('.')
  const parameters = bytes((i) => isStored(i) && !isSlot(i))
  const optimizer = bytes(isSlot)
  const inputs = bytes((i) => !isStored(i))
  const { activations, gradients, working, total } = peakOf(program, step.aliases, hardware.cluster !== null)
  const communication = communicationOf(program, mesh)
  const { speeds } = hardware
  const tokens = config.train_batch_size * config.n_ctx
  const costs = costsOf(config)
  return {
    memory: {
      parameters,
      optimizer,
      inputs,
      activations,
      gradients,
      working,
      total: parameters + optimizer + inputs + total,
    },
    flops: { model: 3 * costs.flops * tokens, counted: costs.trainingFlops * tokens, ...programFlops(program, mesh) },
    communication,
    seconds: speeds && {
      compute: computeSeconds(program, (each) => deviceFlops(each, mesh), speeds),
      communication: communicationSeconds(communication, mesh, speeds),
    },
  }
}

/** Seconds of collectives one after the other. */
export function communicationSeconds(
  collectives: readonly Collective[],
  mesh: Mesh,
  { ring }: NonNullable<Hardware['speeds']>,
): number {
  return collectives.reduce((sum, { axes, sent }) => sum + sent / ring(mesh.axes, axes.split(',')), 0)
}
