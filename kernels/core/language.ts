/** Replies to the editor: completions with their kinds, and the type and documentation of a name. */
import type { Cells } from './cells.js'
import type { QuickInfo } from './tslab.js'

/** Reply to a complete_request, with the kinds that JupyterLab shows beside the names. */
export function complete(cells: Cells, code: string, cursor: number): object {
  const position = fromCodePoints(code, cursor)
  const { start, end, candidates, original } = cells.complete(code, position)
  const kinds = new Map(original?.entries.map(({ name, kind }) => [name, kind === 'alias' ? cells.kindOf(name) : kind]))
  const range = { start: toCodePoints(code, start), end: toCodePoints(code, end) }
  const types = candidates.map((text) => ({ ...range, text, type: kinds.get(text) ?? '' }))
  return {
    status: 'ok',
    matches: candidates,
    cursor_start: range.start,
    cursor_end: range.end,
    metadata: { _jupyter_types_experimental: types },
  }
}

/** Reply to an inspect_request: signature and documentation. */
export function inspect(cells: Cells, code: string, cursor: number): object {
  const position = fromCodePoints(code, cursor)
  // A cursor right after a name refers to it, too.
  const info = cells.inspect(code, position) ?? (position > 0 ? cells.inspect(code, position - 1) : undefined)
  if (!info) return { status: 'ok', found: false, data: {}, metadata: {} }
  const { signature, documentation } = textOf(info)
  const data = {
    'text/plain': [signature, documentation].filter((part) => part !== '').join('\n\n'),
    'text/markdown': ['```typescript\n' + signature + '\n```', documentation]
      .filter((part) => part !== '')
      .join('\n\n'),
  }
  return { status: 'ok', found: true, data, metadata: {} }
}

function textOf({ displayParts = [], documentation = [], tags = [] }: QuickInfo) {
  const text = (parts: readonly { text: string }[]) => parts.map((part) => part.text).join('')
  const notes = tags.map((tag) => `@${tag.name} ${text(tag.text ?? [])}`)
  return {
    // The compiler also mentions re-exports.
    signature: text(displayParts)
      .replace(/^\(alias\) /, '')
      .replace(/\nexport \S+$/, ''),
    documentation: [text(documentation), ...notes].filter((s) => s !== '').join('\n'),
  }
}

/** Jupyter counts characters of Unicode, JavaScript pairs of bytes. */
function fromCodePoints(code: string, count: number): number {
  return [...code].slice(0, count).join('').length
}
function toCodePoints(code: string, length: number): number {
  return [...code.slice(0, length)].length
}
