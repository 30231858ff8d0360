import { readReportFile, reportFiles, writeReportFiles } from '../report-files.js'
import { scalingDocument } from './scaling-document.js'
import { scalingFigures } from './scaling-plots.js'
import type { ScalingReport } from './scaling-report.js'

/** The files of a report by name, made from it alone: report.json, report.html, report.md and the figures. */
export function scalingFiles(report: ScalingReport): Readonly<Record<string, string>> {
  const [title, parts, figures] = [`Scaling law: ${report.name}`, scalingDocument(report), scalingFigures(report)]
  return reportFiles(report, { title, parts, figures })
}

/** Writes the report into a folder; returns the path of report.html. Throws FileError. */
export function writeScalingReport(folder: string, report: ScalingReport): Promise<string> {
  return writeReportFiles(folder, scalingFiles(report))
}

/** Reads report.json of a scaling law. Throws FileError. */
export function readScalingReport(path: string): Promise<ScalingReport> {
  return readReportFile<ScalingReport>(path, 'neomesh scaling 1', '`neomesh ablate --fit`')
}
