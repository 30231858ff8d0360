import type { DocumentPart } from './document-part.js'
import { documentOf } from './document.js'
import type { AblationReport } from './report.js'

/** A report as Markdown, with figures in separate files. */
export function markdownOf(report: AblationReport): string {
  return markdownOfParts(documentOf(report))
}

/** A document as Markdown, with figures in separate files. */
export function markdownOfParts(parts: readonly DocumentPart[]): string {
  return `${parts.map(render).join('\n\n')}\n`
}

function render(part: DocumentPart): string {
  switch (part.kind) {
    case 'title':
      return `# ${escaped(part.text)}`
    case 'heading':
      return `## ${escaped(part.text)}`
    case 'text':
      return escaped(part.text)
    case 'table': {
      const [head, ...rows] = part.rows
      const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`
      const rule = `|${head.map((_, i) => (numeric(rows, i) ? '---:' : '---')).join('|')}|`
      return [line(head), rule, ...rows.map(line)].join('\n')
    }
    case 'figure':
      return `![${escaped(part.figure.title)}](${part.figure.name}.svg)\n\n${escaped(part.figure.caption)}`
    case 'code':
      return `\`\`\`json\n${part.text}\n\`\`\``
  }
}

/** Whether the cells of a column are numbers. */
export function numeric(rows: readonly (readonly string[])[], column: number): boolean {
  const cells = rows.map((row) => row[column] ?? '').filter((cell) => cell !== '')
  return cells.length > 0 && cells.every((cell) => /^[−+-]?\d/.test(cell))
}

function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|]/g, '\\$&')
}
