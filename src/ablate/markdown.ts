import { documentOf, type Block } from './document.js'
import type { AblationReport } from './report.js'

/** A report as Markdown; its pictures are files beside it. */
export function markdownOf(report: AblationReport): string {
  return `${documentOf(report).map(written).join('\n\n')}\n`
}

function written(block: Block): string {
  switch (block.kind) {
    case 'title':
      return `# ${escaped(block.text)}`
    case 'heading':
      return `## ${escaped(block.text)}`
    case 'text':
      return escaped(block.text)
    case 'table': {
      const [head, ...rows] = block.rows
      const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`
      const rule = `|${head.map((_, i) => (numeric(rows, i) ? '---:' : '---')).join('|')}|`
      return [line(head), rule, ...rows.map(line)].join('\n')
    }
    case 'figure':
      return `![${escaped(block.figure.title)}](${block.figure.name}.svg)\n\n${escaped(block.figure.caption)}`
    case 'code':
      return `\`\`\`json\n${block.text}\n\`\`\``
  }
}

/** Whether the cells of a column begin with numbers. */
export function numeric(rows: readonly (readonly string[])[], column: number): boolean {
  const cells = rows.map((row) => row[column] ?? '').filter((cell) => cell !== '')
  return cells.length > 0 && cells.every((cell) => /^[−+-]?\d/.test(cell))
}

function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|]/g, '\\$&')
}
