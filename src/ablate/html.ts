import { element, escapeXml } from '../plot/index.js'
import type { DocumentPart } from './document-part.js'
import { documentOf } from './document.js'
import { numeric } from './markdown.js'
import type { AblationReport } from './report.js'

/** A report as one self-contained HTML page. */
export function htmlOf(report: AblationReport): string {
  return htmlOfParts(`Ablation: ${report.name}`, documentOf(report))
}

/** A document as one self-contained HTML page. */
export function htmlOfParts(title: string, parts: readonly DocumentPart[]): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    element('title', {}, escapeXml(title)),
    `<style>${STYLE}</style>`,
    ...parts.map(render),
    '</html>',
    '',
  ].join('\n')
}

const STYLE = `
body { max-width: 66rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff;
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif }
h1 { font-size: 1.7rem } h2 { font-size: 1.25rem; margin-top: 2.2rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13.5px }
th, td { padding: .3rem .6rem; text-align: left; border-bottom: 1px solid #e4e4e4; vertical-align: top }
th { border-bottom-color: #888 } td:first-child { white-space: nowrap }
.number { text-align: right; white-space: nowrap }
figure { margin: 1.5rem 0 } figure svg { max-width: 100%; height: auto } figcaption { color: #555; font-size: 13.5px }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; font-size: 12.5px; line-height: 1.35 }
`

function render(part: DocumentPart): string {
  switch (part.kind) {
    case 'title':
      return element('h1', {}, escapeXml(part.text))
    case 'heading':
      return element('h2', {}, escapeXml(part.text))
    case 'text':
      return element('p', {}, escapeXml(part.text))
    case 'table': {
      const [head, ...rows] = part.rows
      const line = (cells: readonly string[], name: string) =>
        element(
          'tr',
          {},
          ...cells.map((cell, i) => element(name, { class: numeric(rows, i) ? 'number' : undefined }, escapeXml(cell))),
        )
      return element(
        'div',
        { class: 'wide' },
        element('table', {}, line(head, 'th'), ...rows.map((row) => line(row, 'td'))),
      )
    }
    case 'figure':
      return element('figure', {}, part.figure.svg, element('figcaption', {}, escapeXml(part.figure.caption)))
    case 'code':
      return element('pre', {}, escapeXml(part.text))
  }
}
