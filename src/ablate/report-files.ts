/** Reports as files, which all kinds of ablation write alike. */
import { FileError, join, readJson, writeFileAtomic } from '../files/index.js'
import type { DocumentPart } from './document-part.js'
import { htmlOfParts } from './html.js'
import { markdownOfParts } from './markdown.js'
import type { Figure } from './plots.js'

/** Of the page, report.html. */
interface Written {
  readonly title: string
  readonly parts: readonly DocumentPart[]
  readonly figures: readonly Figure[]
}

/** The files of a report by name: report.json, the figures as SVG, report.md, and report.html, which is one page. */
export function reportFiles(report: object, { title, parts, figures }: Written): Readonly<Record<string, string>> {
  return {
    'report.json': `${JSON.stringify(report, null, 1)}\n`,
    ...Object.fromEntries(figures.map(({ name, svg }) => [`${name}.svg`, `${svg}\n`])),
    'report.md': markdownOfParts(parts),
    'report.html': htmlOfParts(title, parts),
  }
}

/** Writes a report's files into a folder; returns the path of report.html. Throws FileError. */
export async function writeReportFiles(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFileAtomic(join(folder, name), text)
  return join(folder, 'report.html')
}

/** Reads a report.json of a format, which `maker` writes. Throws FileError. */
export async function readReportFile<T extends { readonly format: string }>(
  path: string,
  format: T['format'],
  maker: string,
): Promise<T> {
  const report = (await readJson(path)) as T | null
  if (report?.format !== format) throw new FileError(`${path} is not a report of ${maker}`, path)
  return report
}
