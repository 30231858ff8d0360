import { FileError, join, readJson, writeFileAtomic } from '../../files/index.js'
import { htmlOfParts } from '../html.js'
import { markdownOfParts } from '../markdown.js'
import { scalingDocument } from './scaling-document.js'
import { scalingFigures } from './scaling-plots.js'
import type { ScalingReport } from './scaling-report.js'

/** The files of a report by name, made from it alone: report.json, report.html, report.md and the figures. */
export function scalingFiles(report: ScalingReport): Readonly<Record<string, string>> {
  const parts = scalingDocument(report)
  return {
    'report.json': `${JSON.stringify(report, null, 1)}\n`,
    ...Object.fromEntries(scalingFigures(report).map(({ name, svg }) => [`${name}.svg`, `${svg}\n`])),
    'report.md': markdownOfParts(parts),
    'report.html': htmlOfParts(`Scaling law: ${report.name}`, parts),
  }
}

/** Writes the report into a folder; returns the path of report.html. Throws FileError. */
export async function writeScalingReport(folder: string, report: ScalingReport): Promise<string> {
  for (const [name, text] of Object.entries(scalingFiles(report))) await writeFileAtomic(join(folder, name), text)
  return join(folder, 'report.html')
}

/** Reads report.json of a scaling law. Throws FileError. */
export async function readScalingReport(path: string): Promise<ScalingReport> {
  const report = (await readJson(path)) as ScalingReport | null
  if (report?.format !== 'neomesh scaling 1')
    throw new FileError(`${path} is not a report of \`neomesh ablate --fit\``, path)
  return report
}
