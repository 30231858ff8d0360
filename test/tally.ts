/** What a run of the tests must not pass over: files without tests, and files of which every test is skipped. */

/** What the runner reports of a test, as node:test has it. */
export interface TestReport {
  readonly name: string
  readonly file?: string
  readonly nesting: number
  readonly skip?: string | boolean
  readonly details: { readonly duration_ms: number }
}

/** Why a whole file may be skipped, in continuous integration too: what `make setup` does not install. */
const KNOWN_REASONS = [
  /CHROME_PATH names no browser$/,
  /^firefox is not installed$/,
  /^this browser has no WebGPU adapter in software$/,
  /^libtpu is not installed$/,
  /^XLA's CUDA plugin is not installed$/,
  /^no NVIDIA GPU is here$/,
  /^@tensorflow\/tfjs-node(-gpu)? is not installed$/,
]

const SLOWEST = 10

/** Collects reports of tests, for a summary after all of them. */
export function createTally() {
  const files = new Map<string, { tests: number; reasons: string[] }>()
  const times: { title: string; ms: number }[] = []
  return {
    add({ name, file: path = '', nesting, skip, details }: TestReport): void {
      if (nesting > 0) return
      const file = shortName(path)
      const entry = files.get(file) ?? { tests: 0, reasons: [] }
      files.set(file, entry)
      // The runner reports a file without tests as a test with the file's name.
      if (name === path) return
      entry.tests++
      if (skip !== undefined && skip !== false) entry.reasons.push(skip === true ? '' : String(skip))
      times.push({ title: `${file}: ${name}`, ms: details.duration_ms })
    },
    /** Lines to print, and how many of them are faults in continuous integration. */
    summary(): { readonly lines: string[]; readonly faults: number } {
      const empty = [...files].filter(([, { tests }]) => tests === 0)
      const skipped = [...files].filter(([, { tests, reasons }]) => tests > 0 && reasons.length === tests)
      const unknown = skipped.filter(([, { reasons }]) => !reasons.every(isKnown))
      const slowest = times.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST)
      return {
        lines: [
          ...empty.map(([file]) => `${file} has no tests`),
          ...skipped.map(
            ([file, { reasons }]) =>
              `${file}: every test is skipped (${[...new Set(reasons)].join('; ') || 'no reason'})`,
          ),
          ...unknown.map(
            ([file]) =>
              `${file} fails in CI: why a whole file is skipped must be one of KNOWN_REASONS in test/tally.ts`,
          ),
          'slowest tests:',
          ...slowest.map(({ title, ms }) => `  ${(ms / 1000).toFixed(1).padStart(6)} s  ${title}`),
        ],
        faults: empty.length + unknown.length,
      }
    },
  }
}

const isKnown = (reason: string) => KNOWN_REASONS.some((known) => known.test(reason))

/** Relative to test/, of a source or of what is built of it: source maps make either. */
const shortName = (path: string) => path.replace(/^.*?\/(dist\/)?test\//, '').replace(/\.js$/, '.ts')
