import { FileError, join, readJson, writeFileAtomic } from '../../files/index.js'
import { htmlOfParts } from '../html.js'
import { markdownOfParts } from '../markdown.js'
import { speedrunDocument, speedrunFigures } from './speedrun-document.js'
import type { SpeedrunReport } from './speedrun-report.js'

/** The files of a report by name, made from it alone: report.json, report.html, report.md and the figures. */
export function speedrunFiles(report: SpeedrunReport): Readonly<Record<string, string>> {
  const parts = speedrunDocument(report)
  return {
    'report.json': `${JSON.stringify(report, null, 1)}\n`,
    ...Object.fromEntries(speedrunFigures(report).map(({ name, svg }) => [`${name}.svg`, `${svg}\n`])),
    'report.md': markdownOfParts(parts),
    'report.html': htmlOfParts(`Speedrun: ${report.name}`, parts),
  }
}

/** Writes the report into a folder; returns the path of report.html. Throws FileError. */
export async function writeSpeedrunReport(folder: string, report: SpeedrunReport): Promise<string> {
  for (const [name, text] of Object.entries(speedrunFiles(report))) await writeFileAtomic(join(folder, name), text)
  return join(folder, 'report.html')
}

/** Reads report.json of a speedrun. Throws FileError. */
export async function readSpeedrunReport(path: string): Promise<SpeedrunReport> {
  const report = (await readJson(path)) as SpeedrunReport | null
  if (report?.format !== 'neomesh speedrun 1')
    throw new FileError(`${path} is not a report of \`neomesh speedrun\``, path)
  return report
}
