import { readReportFile, reportFiles, writeReportFiles } from '../report-files.js'
import { speedrunDocument, speedrunFigures } from './speedrun-document.js'
import type { SpeedrunReport } from './speedrun-report.js'

/** The files of a report by name, made from it alone: report.json, report.html, report.md and the figures. */
export function speedrunFiles(report: SpeedrunReport): Readonly<Record<string, string>> {
  const [title, parts, figures] = [`Speedrun: ${report.name}`, speedrunDocument(report), speedrunFigures(report)]
  return reportFiles(report, { title, parts, figures })
}

/** Writes the report into a folder; returns the path of report.html. Throws FileError. */
export function writeSpeedrunReport(folder: string, report: SpeedrunReport): Promise<string> {
  return writeReportFiles(folder, speedrunFiles(report))
}

/** Reads report.json of a speedrun. Throws FileError. */
export function readSpeedrunReport(path: string): Promise<SpeedrunReport> {
  return readReportFile<SpeedrunReport>(path, 'neomesh speedrun 1', '`neomesh speedrun`')
}
