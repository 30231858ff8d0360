import { readReportFile, reportFiles, writeReportFiles } from '../report-files.js'
import { gridDocument } from './grid-document.js'
import { gridFigures } from './grid-plots.js'
import type { GridReport } from './grid-report.js'

/** The files of a report by name, made from it alone: report.json, report.html, report.md and the figures. */
export function gridFiles(report: GridReport): Readonly<Record<string, string>> {
  const [title, parts, figures] = [`Ablation: ${report.name}`, gridDocument(report), gridFigures(report)]
  return reportFiles(report, { title, parts, figures })
}

/** Writes the report into a folder; returns the path of report.html. Throws FileError. */
export function writeGridReport(folder: string, report: GridReport): Promise<string> {
  return writeReportFiles(folder, gridFiles(report))
}

/** Reads report.json of an ablation on tasks. Throws FileError. */
export function readGridReport(path: string): Promise<GridReport> {
  return readReportFile<GridReport>(path, 'neomesh laboratory 1', '`neomesh ablate` on tasks')
}
