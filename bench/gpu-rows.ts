/** The rows of bench/gpu.ts out of what its processes measured. */
import { CARDS } from '../src/plan/index.js'
import type { Result } from './sides.js'
import { median } from './work.js'

/** bf16 operations per second of a card by the name that its driver reports; null if it is not known. */
export function peakOf(kind: string): number | null {
  const name = kind.replace(/^NVIDIA /, '')
  const card = CARDS.find(({ product }) => product.replace(/^NVIDIA /, '') === name)
  return card?.peakFlops ?? null
}

type Results = ReadonlyMap<string, readonly Result[]>

/** Collects the names of devices and versions on the way. */
export function createRows() {
  const versions = new Map<string, string>()
  let kind: string | null = null
  const seen = (results: Results) => {
    for (const result of [...results.values()].flat()) {
      for (const [name, version] of Object.entries((result.versions ?? {}) as Record<string, string>))
        versions.set(name, version)
      kind ??= (result.device_kind as string | undefined) ?? null
    }
  }
  const megabytes = (results: readonly Result[]) => {
    const all = results.flatMap(({ device_mb: mb }) => (typeof mb === 'number' ? [mb] : []))
    return all.length > 0 ? Math.max(...all).toFixed(0) : ''
  }
  return {
    versions,
    get kind() {
      return kind
    },
    training(shape: string, results: Results): string[] {
      seen(results)
      const peak = kind === null ? null : peakOf(kind)
      const rows = [...results].flatMap(([name, all]) => {
        if (all.length === 0) return [`| ${name} | failed | | | | | |`]
        const ms = all.flatMap(({ step_ms: each }) => each as number[])
        const [first] = all
        const rate = (each: number) => ((first.tokens_per_step / each) * 1000).toFixed(0)
        const [middle, best] = [median(ms), Math.min(...ms)]
        const used = peak === null ? '' : `${((100 * first.gflop_per_step * 1e9) / (middle / 1000) / peak).toFixed(1)}%`
        return [
          `| ${name} | ${middle.toFixed(1)} (${best.toFixed(1)}) | ${rate(middle)} (${rate(best)}) | ${used} | ${megabytes(all)} | ` +
            `${median(all.map(({ first_step_s: s }) => s as number)).toFixed(1)} | ${first.loss_first.toFixed(4)} / ${first.loss_last.toFixed(4)} |`,
        ]
      })
      return [
        `| ${shape} | step ms | tokens/s | MFU | device MB | first step s | loss first / last |`,
        '|---|---|---|---|---|---|---|',
        ...rows,
      ]
    },
    generation(batch: string, results: Results): string[] {
      seen(results)
      const rows = [...results].flatMap(([name, all]) => {
        if (all.length === 0) return [`| ${name} | failed | | | |`]
        const [first] = all
        const runs = all.flatMap(({ run_ms: ms, first_token_ms: to }) =>
          (ms as number[]).map((each, i) => each - ((to as number[])[i] ?? (to as number[])[0])),
        )
        const rate = (ms: number) => ((first.batch * (first.new - 1) * 1000) / ms).toFixed(1)
        const firstMs = median(all.flatMap(({ first_token_ms: ms }) => ms as number[])).toFixed(1)
        return [
          `| ${name} | ${rate(median(runs))} (${rate(Math.min(...runs))}) | ${firstMs} | ${megabytes(all)} | ${first.checksum} |`,
        ]
      })
      return [
        `| batch ${batch} | decoded tokens/s | first token ms | device MB | checksum |`,
        '|---|---|---|---|---|',
        ...rows,
      ]
    },
  }
}
