import { aliasesOf, rolesOfArguments } from '../engine/jit.js'
import { printLaidOut } from '../engine/xla/stablehlo.js'
import type { ModelConfig } from '../config/index.js'
import { checkPlacement, partsOn, type Findings, type Placement } from '../mesh/index.js'
import { modelOf, parametersOf, type LayerMode, type ParameterSpec } from '../model/index.js'
import { dim, spec, trace, type Program, type Role } from '../tensor/index.js'
import { stateSpecs, trainStep, type TrainState } from '../train/step.js'

/** The training step of a config, traced for a mesh; nothing is compiled. */
export interface StepProgram {
  readonly config: ModelConfig
  readonly placement: Placement
  readonly layers: LayerMode
  readonly specs: readonly ParameterSpec[]
  readonly state: TrainState<unknown>
  readonly program: Program
  /** Of the program's inputs: the state, and then the ids. */
  readonly roles: readonly Role[]
  readonly names: readonly string[]
  /** Outputs that take over inputs' memory. */
  readonly aliases: readonly (number | null)[]
}

/** Traces the step as `Trainer` does; with `scan` its size does not grow with depth. */
export function stepProgram(config: ModelConfig, placement: Placement, layers: LayerMode = 'scan'): StepProgram {
  const parts = partsOn(placement)
  const specs = parametersOf(modelOf(config, { batch: 1, parts }), layers)
  const state = stateSpecs(specs, config)
  const ids = spec([dim('batch', config.train_batch_size), dim('tokens', config.n_ctx + 1)], 'i32')
  const args = [state, ids]
  const { program } = trace(trainStep(config, specs, layers, { parts }), args, 'train_step')
  const names = specs.map(({ name }) => name)
  return {
    config,
    placement,
    layers,
    specs,
    state,
    program,
    roles: rolesOfArguments(args, [0]),
    names: [
      ...names,
      ...specs.flatMap(({ name }) => Object.keys(state.slots[name]).map((slot) => `${name} ${slot}`)),
      'step',
      'ids',
    ],
    aliases: aliasesOf(program, args, [0]),
  }
}

/** Why the layout cannot be, and what of it has no effect. */
export function checkStep({ program, placement, roles, names }: StepProgram): Findings {
  return checkPlacement(program, placement, { roles, names })
}

/** What XLA is given. */
export function printStep({ program, placement, roles, aliases }: StepProgram): string {
  return printLaidOut(program, { placement, roles, aliases }).text
}
