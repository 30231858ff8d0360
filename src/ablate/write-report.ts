import { FileError, join, readJson, writeFileAtomic } from '../files/index.js'
import { htmlOf } from './html.js'
import { markdownOf } from './markdown.js'
import { figuresOf } from './plots.js'
import type { AblationReport } from './report.js'

/**
 * Writes report.json, report.html (one page), report.md and the figures as SVG. Returns the path of report.html. Throws
 * FileError.
 */
export async function writeReport(folder: string, report: AblationReport): Promise<string> {
  const path = join(folder, 'report.html')
  await writeFileAtomic(join(folder, 'report.json'), `${JSON.stringify(report, null, 1)}\n`)
  for (const { name, svg } of figuresOf(report)) await writeFileAtomic(join(folder, `${name}.svg`), `${svg}\n`)
  await writeFileAtomic(join(folder, 'report.md'), markdownOf(report))
  await writeFileAtomic(path, htmlOf(report))
  return path
}

/** Reads report.json. Throws FileError. */
export async function readReport(path: string): Promise<AblationReport> {
  const report = (await readJson(path)) as AblationReport | null
  if (report?.format !== 'neomesh ablation 1')
    throw new FileError(`${path} is not a report of \`neomesh ablate\``, path)
  return report
}
