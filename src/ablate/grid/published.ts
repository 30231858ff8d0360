import type { ModelConfig } from '../../config/index.js'
import { attentionKinds } from '../../config/index.js'
import type { TaskSpec } from '../../tasks/index.js'

/** A published accuracy beside which ours stands. */
export interface Published {
  readonly accuracy: number
  /** Where it is from. */
  readonly source: string
}

/** Which kind a model is of in publications: that of its last layer that attends. */
export function publishedKind(config: ModelConfig): string {
  const kinds = attentionKinds(config).filter((kind) => kind !== 'none')
  return kinds.at(-1) ?? 'none'
}

const ZOOLOGY = 'zoology, figure 2'
const GRAZZI = 'Grazzi et al. 2024, 2 layers'

/**
 * The published figures for a kind on a task, at this width: those of equal task settings. Read off pictures to ± 0.01 where
 * the source is a figure. Training differs (docs/laboratory.md), so that orders and gaps are compared, not third digits.
 */
export function publishedFor(kind: string, { name, settings }: TaskSpec, config: ModelConfig): Published[] {
  if (name === 'mqar' && kind === 'global') {
    const cells = ['64 4', '128 8', '256 16', '512 64']
    const known = cells.includes(`${String(settings.length)} ${String(settings.pairs)}`) && config.n_embd >= 64
    return known ? [{ accuracy: 1, source: ZOOLOGY }] : []
  }
  if (name === 'parity') {
    const negative = (config as { negative_eigenvalues?: boolean }).negative_eigenvalues === true
    if (kind === 'global') return [{ accuracy: scaled(0.02), source: GRAZZI }]
    if (kind === 'delta') return [{ accuracy: scaled(negative ? 1 : 0.02), source: GRAZZI }]
    if (kind === 'mamba2' && !negative) return [{ accuracy: scaled(0), source: `${GRAZZI}, Mamba` }]
    return []
  }
  const column = MAD_COLUMNS[name]
  return column === undefined || !isMadBaseline(name, settings)
    ? []
    : MAD.flatMap(({ source, rows }) => {
        const accuracy = rows[kind]?.[column]
        return accuracy == null ? [] : [{ accuracy: accuracy / 100, source }]
      })
}

/** Published parity is scaled so that guessing is 0. */
const scaled = (accuracy: number) => (accuracy + 1) / 2

/** Columns of MAD's tasks below: fuzzy, in-context, memorisation, noisy, selective copying, compression. */
const MAD_COLUMNS: Readonly<Record<string, number>> = {
  fuzzy_recall: 0,
  in_context_recall: 1,
  memorisation: 2,
  noisy_recall: 3,
  selective_copying: 4,
  compression: 5,
}

const MAD_BASELINES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  fuzzy_recall: { length: 128, vocabulary: 16, motif: 3 },
  in_context_recall: { length: 128, vocabulary: 16 },
  memorisation: { length: 32, vocabulary: 256 },
  noisy_recall: { length: 128, vocabulary: 32, noise: 0.2 },
  selective_copying: { length: 256, vocabulary: 16, tokens: 16 },
  compression: { length: 32, vocabulary: 16 },
}

const isMadBaseline = (name: string, settings: TaskSpec['settings']) =>
  Object.entries(MAD_BASELINES[name]).every(([key, value]) => settings[key] === value)

/** Means over MAD's difficulties, per cent, of four publications, which contradict each other. null: merged in the source. */
const MAD: readonly {
  readonly source: string
  readonly rows: Readonly<Record<string, readonly (number | null)[]>>
}[] = [
  {
    source: 'DeltaNet paper (2406.06484)',
    rows: {
      global: [29.8, 94.1, 85.2, 86.8, 99.6, 51.6],
      gated_linear: [6.9, 80.8, 63.3, 81.6, 88.6, 38.8],
      delta: [35.7, 100, 52.8, 100, 100, 42.2],
    },
  },
  {
    source: 'MesaNet paper (2506.05233)',
    rows: {
      global: [48.6, 100, 84.7, null, 96.0, 49.5],
      gated_linear: [39.0, 100, 82.5, null, 96.1, 42.3],
      delta: [55.5, 100, 40.8, null, 98.8, 43.3],
      gated_delta: [32.7, 100, 81.7, null, 95.7, 45.0],
      mamba2: [51.2, 100, 42.0, null, 95.4, 41.3],
    },
  },
  {
    source: 'Atlas paper, table 4',
    rows: { global: [48.2, 100, 83.8, null, 95.9, 49.4], gated_delta: [32.5, 100, 81.7, null, 96.2, 44.8] },
  },
  {
    source: 'lin-attn-bench (independent rerun)',
    rows: {
      global: [56.5, 90.5, 78.8, 89.7, 99.8, 43.2],
      gated_linear: [15.5, 91.8, 77.1, 93.1, 89.1, 40.8],
      delta: [39.3, 99.9, 39.4, 99.9, 99.7, 39.6],
      gated_delta: [28.6, 99.9, 55.2, 99.9, 99.7, 43.5],
      rwkv7: [18.0, 99.9, 88.6, 99.9, 94.9, 46.2],
    },
  },
]
