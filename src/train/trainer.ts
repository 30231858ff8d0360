import type { ModelConfig } from '../config/index.js'
import type { Dataset } from '../data/index.js'
import { DeviceArray, jit, type Engine, type Jitted, type MemoryUse } from '../engine/index.js'
import { FileError } from '../files/index.js'
import { GptNeo, isTrained, type LayerMode, type Parameters, type ParameterSpec } from '../model/index.js'
import { dim, relayout, spec, zeros, type Dim, type Tensor } from '../tensor/index.js'
import {
  openCheckpoint,
  saveCheckpoint,
  saveParts,
  type CheckpointAbout,
  type Manifest,
  type PartsManifest,
  type PartsOptions,
  type SaveOptions,
} from '../checkpoint/index.js'
import { bytesOfSpecs, checkFits } from './memory.js'
import { checkPatterns } from './patterns.js'
import { slotsOf, type Slot } from './optimizers/index.js'
import { arrayFrom, slotName } from './parameters.js'
import { openBaseOf } from '../convert/index.js'
import { describeDifferences, networkDifferences } from './network.js'
import { labelledExamples } from './labelled-examples.js'
import { packedExamples } from './packed-examples.js'
import { pieceKey, piecesOfState, variablesOfState, type StateArray, type StateCopy } from './state-copy.js'
import { frozenSpecs, stateSpecs, trainStep, type StepOptions, type StepMetrics, type TrainState } from './step.js'

/** The compiled step: time to compile, and memory. */
export interface StepProgram {
  readonly traceSeconds: number
  readonly compileSeconds: number
  readonly fromCache: boolean
  /** Bytes on the device. */
  readonly memory: MemoryUse | null
  /** Rules of the layout that have no effect, one line each. */
  readonly warnings: readonly string[]
}

/** A variable of a checkpoint. */
interface VariableShape {
  readonly name: string
  readonly shape: readonly number[]
}

/** Number of layers up to which a program is unrolled by default. */
const UNROLLED_LAYERS = 16

/** What a checkpoint states of a run's data. */
export type SavedOf = Pick<Manifest, 'tokenizer' | 'data'>

/** Saves what was copied out. `parts`: of a run of several processes, what these share. */
export type SaveCopy = (
  folder: string,
  of?: SavedOf,
  options?: SaveOptions & { readonly parts?: Omit<PartsOptions, 'process' | 'beforeCommit'> },
) => Promise<void>

/** A checkpoint that training resumes from. */
export interface Restored {
  readonly manifest: Manifest | PartsManifest
  /** The config that it was saved with. */
  readonly config: ModelConfig
  /** Whether the optimizer's state begins anew, since the checkpoint has none for this optimizer. */
  readonly freshOptimizer: boolean
}

type TrainProgram = Jitted<
  [state: TrainState, ids: Tensor, frozen: Parameters],
  ReturnType<ReturnType<typeof trainStep>>
>

/** A model in training: its state on an engine, and the compiled step. */
export class Trainer {
  /** Steps done. */
  step = 0
  /** Tokens trained on. */
  tokens = 0
  /** Samples read of the data, in its order. */
  position = 0
  readonly model: GptNeo
  private program: TrainProgram | null = null
  /** Step at which the optimizer's state began. */
  private optimizerStart = 0
  private state: TrainState<DeviceArray> | null = null
  /** The model that adapters are of; checkpoints then hold those alone. */
  private base: Manifest['base'] | null = null
  /** Parameters that are not trained. */
  private frozen: Parameters<DeviceArray> = {}
  /** Dims of a batch. */
  readonly rows: readonly [Dim, Dim]

  /**
   * @param layers compile each layer (`unroll`, faster) or one layer in a loop (`scan`, whose compile time does not
   * depend on depth); by default `unroll` up to 16 layers
   * @param data what rows hold: several documents, of which the loss counts some tokens, or labels (Dataset)
   * @param signal ends a step early, where the engine can (jit)
   */
  constructor(
    readonly engine: Engine,
    readonly config: ModelConfig,
    layers?: LayerMode,
    private readonly data: Pick<Dataset, 'completions' | 'labels'> = {},
    private readonly signal?: AbortSignal,
  ) {
    this.model = new GptNeo(config, {
      layers: layers ?? (config.n_layer <= UNROLLED_LAYERS ? 'unroll' : 'scan'),
      placement: engine.placement,
    })
    checkPatterns(config, this.model.specs)
    this.rows = [dim('batch', config.train_batch_size), dim('tokens', config.n_ctx + 1)]
  }

  /** The step, made once it is known when the optimizer's state began. */
  private get run(): TrainProgram {
    return (this.program ??= jit(this.engine, trainStep(this.model, this.stepOptions), {
      donate: [0],
      parameterArgs: [0, 2],
      strict: true,
      name: 'train_step',
      signal: this.signal,
    }))
  }

  /** Whether a checkpoint is of the same optimizer and has some of its state, so that the rest must be there too. */
  private shouldHaveSlots({ variables }: Manifest | PartsManifest, saved: ModelConfig): boolean {
    const of = ({ opt_name, beta1, freeze }: ModelConfig) => JSON.stringify([opt_name, beta1 === 0, freeze])
    const names = this.model.trained.flatMap((each) =>
      slotsOf(each, this.config).flatMap((slot) => each.names.map((name) => slotName(name, slot))),
    )
    return of(saved) === of(this.config) && names.some((name) => Object.hasOwn(variables, name))
  }

  private get stepOptions(): StepOptions {
    const { optimizerStart, data } = this
    const examples =
      data.labels === undefined ? (data.completions ? packedExamples : undefined) : labelledExamples(data.labels)
    return { optimizerStart, ...(examples && { examples }) }
  }

  /** Compiles the step, if it is not compiled yet. */
  async prepare(): Promise<StepProgram> {
    const state = stateSpecs(this.model)
    const { executable, traceSeconds, warnings } = await this.run.prepare(
      state,
      spec(this.rows, 'i32'),
      frozenSpecs(this.model),
    )
    const { seconds: compileSeconds, fromCache } = executable
    return { traceSeconds, compileSeconds, fromCache, memory: executable.memory(), warnings }
  }

  get specs(): readonly ParameterSpec[] {
    return this.model.specs
  }

  get layers(): LayerMode {
    return this.model.layers
  }

  /** Numbers in the model. */
  get parameterCount(): number {
    return this.model.describe().parameters
  }

  /** Draws initial parameters from the config's seed. */
  async initialise(): Promise<void> {
    this.checkMemory()
    await this.beginWithZeroSlots(await this.model.initialise(this.engine))
  }

  /**
   * Starts from given parameters: the f32 data of each variable, fetched one after the other.
   * @param base the model that they are of; with lora_rank checkpoints hold the adapters alone, and name it
   */
  async start(
    read: (variable: VariableShape) => Promise<Float32Array>,
    base: Manifest['base'] | null = null,
  ): Promise<void> {
    this.checkMemory()
    this.base = this.config.lora_rank > 0 ? base : null
    const parameters: Record<string, DeviceArray> = {}
    for (const each of this.specs)
      parameters[each.name] = await arrayFrom(this.engine, each, null, (name, shape) => read({ name, shape }))
    await this.beginWithZeroSlots(parameters)
  }

  /**
   * Resumes from a checkpoint. Settings may have changed, if the weights fit: an optimizer of which the checkpoint has no
   * state begins with an empty one. Throws FileError if the network is another one.
   * @param movedBase where the model is now that a checkpoint of adapters names
   */
  async restore(folder: string, movedBase?: string): Promise<Restored> {
    const checkpoint = await openCheckpoint(folder, { prefetch: this.engine.process.count === 1 })
    try {
      const { read, readBlock, manifest, config } = checkpoint
      const differences = networkDifferences(config, this.config)
      if (differences.length > 0)
        throw new FileError(
          `the config must fit the weights of ${folder}: ${describeDifferences(differences)}. Restore these keys, or ` +
            'begin a new run from the weights with --from (from)',
          folder,
        )
      this.checkMemory()
      const { engine, specs } = this
      const parameters: Record<string, DeviceArray> = {}
      const base = manifest.base ? await openBaseOf(checkpoint, movedBase) : null
      try {
        for (const each of specs) {
          const isOfBase = base !== null && !isTrained(each.name, this.config)
          parameters[each.name] = isOfBase
            ? await arrayFrom(engine, each, null, base.read)
            : await arrayFrom(engine, each, null, read, 'f32', readBlock)
        }
      } finally {
        await base?.close()
      }
      this.base = manifest.base ?? null
      const freshOptimizer = !this.hasSlots(manifest) && !this.shouldHaveSlots(manifest, config)
      if (freshOptimizer) await this.beginWithZeroSlots(parameters, manifest.step)
      else
        await this.begin(parameters, manifest.step, (each, slot) =>
          arrayFrom(engine, each, slot, read, 'f32', readBlock),
        )
      this.optimizerStart = freshOptimizer ? manifest.step : (manifest.optimizer_start ?? 0)
      this.tokens = manifest.tokens
      this.position = manifest.position ?? manifest.step * config.train_batch_size
      return { manifest, config, freshOptimizer }
    } finally {
      await checkpoint.close()
    }
  }

  /** Whether a checkpoint has the whole state of the config's optimizer. */
  private hasSlots({ variables }: Manifest | PartsManifest): boolean {
    return this.model.trained.every((each) =>
      slotsOf(each, this.config).every((slot) =>
        each.names.every((name) => variables[slotName(name, slot)]?.shape.join() === slot.shape.join()),
      ),
    )
  }

  /**
   * Starts a step on ids i32 [batch, n_ctx + 1], row-major. The metrics may be read while it runs; dispose of them.
   * @throws the signal's reason if the engine has abandoned the step; the state is that before it
   */
  async trainOn(ids: Int32Array): Promise<StepMetrics<DeviceArray>> {
    const batch = DeviceArray.from(this.engine, ids, this.rows, 'i32')
    const { state, metrics } = await this.run(this.current(), batch, this.frozen).finally(() => batch.dispose())
    this.state = state
    this.step++
    this.position += this.config.train_batch_size
    this.tokens += this.config.train_batch_size * this.config.n_ctx
    return metrics
  }

  /** The current parameters. The next step frees them. */
  get parameters(): TrainState<DeviceArray>['parameters'] {
    return { ...this.frozen, ...this.current().parameters }
  }

  /**
   * Saves parameters, optimizer state and step. Throws FileError, leaving nothing half-written, and EngineError if other
   * processes hold parts of them: these are saved with `copyOut`.
   */
  async save(folder: string, of: SavedOf = {}): Promise<Manifest> {
    return saveCheckpoint(folder, variablesOfState(this.arrays()), this.about(of))
  }

  /**
   * Copies what a checkpoint of this moment holds to the host, and returns a function that saves it, also while further
   * steps run: of several processes each saves what it holds. Parameters that are not trained do not change, and are read
   * when they are written.
   * @param copy memory of an earlier copy, which has been saved by now; it is reused
   */
  async copyOut(copy: StateCopy): Promise<SaveCopy> {
    const arrays = this.arrays()
    const about = this.about()
    const { process } = this.engine
    const changing = arrays.filter(({ key }) => !(key in this.frozen))
    if (process.count === 1) {
      for (const { key, array } of changing) await copy.take(key, (into) => array.read(into))
      const variables = variablesOfState(arrays, copy)
      return async (folder, of, { beforeCommit } = {}) =>
        void (await saveCheckpoint(folder, variables, { ...about, ...of }, { beforeCommit }))
    }
    for (const { key, array } of changing)
      for (const piece of array.pieces()) await copy.take(pieceKey(key, piece), (into) => piece.read(into))
    const pieces = piecesOfState(arrays, copy)
    return (folder, of, { beforeCommit, parts } = {}) => {
      if (!parts) throw new TypeError('saving by several processes must have parts (got none)')
      return saveParts(folder, pieces, { ...about, ...of }, { ...parts, process, beforeCommit })
    }
  }

  /** Arrays of a checkpoint, in its order. */
  private arrays(): StateArray[] {
    const { parameters, slots } = this.current()
    const saved = this.base ? this.model.trained : this.specs
    return saved.flatMap((spec) => {
      const array = parameters[spec.name] ?? this.frozen[spec.name]
      const own = slots[spec.name] ?? {}
      const ofSlots = Object.keys(own).length === 0 ? [] : slotsOf(spec, this.config)
      return [
        { key: spec.name, spec, slot: null, array },
        ...ofSlots.map((slot) => ({ key: `${spec.name}/${slot.name}`, spec, slot, array: own[slot.name] })),
      ]
    })
  }

  private about(of: SavedOf = {}): CheckpointAbout {
    const { step, tokens, config, position, optimizerStart } = this
    return {
      step,
      tokens,
      config,
      ...of,
      base: this.base ?? undefined,
      position: position === step * config.train_batch_size ? undefined : position,
      optimizer_start: optimizerStart === 0 ? undefined : optimizerStart,
    }
  }

  /** Frees the state and the compiled step. */
  dispose(): void {
    this.disposeState()
    this.program?.dispose()
  }

  private disposeState(): void {
    if (!this.state) return
    const { parameters, slots, step } = this.state
    const ofSlots = Object.values(slots).flatMap((each) => Object.values(each))
    for (const array of [...Object.values(parameters), ...Object.values(this.frozen), ...ofSlots, step]) array.dispose()
    this.state = null
    this.frozen = {}
  }

  /** Training holds parameters, and of those that are trained slots and gradients. */
  private checkMemory(): void {
    const { parameters, slots } = stateSpecs(this.model)
    const held = bytesOfSpecs(frozenSpecs(this.model)) + 2 * bytesOfSpecs(parameters) + bytesOfSpecs(slots)
    checkFits(this.engine, 'training', held)
  }

  private async begin(
    parameters: TrainState<DeviceArray>['parameters'],
    step: number,
    slotOf: (spec: ParameterSpec, slot: Slot) => Promise<DeviceArray>,
  ): Promise<void> {
    this.disposeState()
    const slots: Record<string, Record<string, DeviceArray>> = {}
    for (const each of this.model.trained) {
      slots[each.name] = {}
      for (const slot of slotsOf(each, this.config)) slots[each.name][slot.name] = await slotOf(each, slot)
    }
    const [trained, frozen] = [true, false].map((wanted) =>
      Object.fromEntries(Object.entries(parameters).filter(([name]) => isTrained(name, this.config) === wanted)),
    )
    this.frozen = frozen
    this.state = {
      parameters: trained,
      slots,
      step: DeviceArray.from(this.engine, new Int32Array([step]), [], 'i32', 'parameters'),
    }
    this.step = step
  }

  private async beginWithZeroSlots(parameters: TrainState<DeviceArray>['parameters'], step = 0): Promise<void> {
    const programs = new Map<string, Jitted<[], Tensor>>()
    await this.begin(parameters, step, async (_, { dims }) => {
      const key = JSON.stringify(dims)
      const program =
        programs.get(key) ?? jit(this.engine, () => relayout(zeros(dims) as Tensor, 'parameters'), { name: 'zeros' })
      programs.set(key, program)
      return (await program()) as DeviceArray
    })
    for (const program of programs.values()) program.dispose()
  }

  private current(): TrainState<DeviceArray> {
    if (!this.state)
      throw new Error(
        'the trainer must have parameters (got none). Call initialise(), start(read) or restore(folder) first',
      )
    return this.state
  }
}
