import { FileError, join, readJson, writeFileAtomic } from '../../files/index.js'
import { htmlOfParts } from '../html.js'
import { markdownOfParts } from '../markdown.js'
import { gridDocument } from './grid-document.js'
import { gridFigures } from './grid-plots.js'
import type { GridReport } from './grid-report.js'

/** The files of a report by name, made from it alone: report.json, report.html, report.md and the figures. */
export function gridFiles(report: GridReport): Readonly<Record<string, string>> {
  const parts = gridDocument(report)
  return {
    'report.json': `${JSON.stringify(report, null, 1)}\n`,
    ...Object.fromEntries(gridFigures(report).map(({ name, svg }) => [`${name}.svg`, `${svg}\n`])),
    'report.md': markdownOfParts(parts),
    'report.html': htmlOfParts(`Ablation: ${report.name}`, parts),
  }
}

/** Writes the report into a folder; returns the path of report.html. Throws FileError. */
export async function writeGridReport(folder: string, report: GridReport): Promise<string> {
  for (const [name, text] of Object.entries(gridFiles(report))) await writeFileAtomic(join(folder, name), text)
  return join(folder, 'report.html')
}

/** Reads report.json of an ablation on tasks. Throws FileError. */
export async function readGridReport(path: string): Promise<GridReport> {
  const report = (await readJson(path)) as GridReport | null
  if (report?.format !== 'neomesh laboratory 1')
    throw new FileError(`${path} is not a report of \`neomesh ablate\` on tasks`, path)
  return report
}
