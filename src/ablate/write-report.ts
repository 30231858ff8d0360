import { documentOf } from './document.js'
import { figuresOf } from './plots.js'
import { readReportFile, reportFiles, writeReportFiles } from './report-files.js'
import type { AblationReport } from './report.js'

/**
 * Writes report.json, report.html (one page), report.md and the figures as SVG. Returns the path of report.html. Throws
 * FileError.
 */
export function writeReport(folder: string, report: AblationReport): Promise<string> {
  const [title, parts, figures] = [`Ablation: ${report.name}`, documentOf(report), figuresOf(report)]
  return writeReportFiles(folder, reportFiles(report, { title, parts, figures }))
}

/** Reads report.json. Throws FileError. */
export function readReport(path: string): Promise<AblationReport> {
  return readReportFile<AblationReport>(path, 'neomesh ablation 1', '`neomesh ablate`')
}
