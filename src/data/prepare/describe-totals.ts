/** The totals of a preparation as lines of text. */
import { describePassedOver, describeSkippedLines } from '../../corpus/index.js'
import type { PrepareTotals } from './prepare.js'
import type { SplitTotals } from './dataset-split.js'

/** What was read, written, repeated and dropped; every id is accounted for. */
export function describeTotals(totals: PrepareTotals): string {
  const { documentsRead, inputFiles, documentsEmpty, documentsTooShort, tokensTooShort, charactersReplaced } = totals
  const lines = [`read: ${amount(documentsRead, 'document')} from ${amount(inputFiles, 'file')}`]
  if (totals.passedOver.length > 0) lines.push(describePassedOver(totals.passedOver))
  lines.push(...describeSkippedLines(totals))
  if (documentsEmpty > 0) lines.push(`empty: ${amount(documentsEmpty, 'document')}`)
  if (documentsTooShort > 0) {
    const left = `${amount(documentsTooShort, 'document')}, ${amount(tokensTooShort, 'id')}`
    lines.push(`skipped, below the minimum size: ${left}`)
  }
  if (charactersReplaced > 0)
    lines.push(`not valid UTF-8, replaced by U+FFFD: ${amount(charactersReplaced, 'character')}`)
  lines.push(describeSplit('train', totals.train))
  if (totals.validation !== undefined) lines.push(describeSplit('validation', totals.validation))
  return lines.join('\n')
}

function describeSplit(name: string, split: SplitTotals): string {
  const { documents, characters, bytes, tokens, records, contextLength, files, tokensRepeated, tokensDropped } = split
  const text = [amount(documents, 'document'), amount(characters, 'character'), amount(bytes, 'byte')].join(', ')
  const ids = `${amount(tokens, 'id')} (${(bytes / tokens).toFixed(3)} bytes each)`
  const made = `${amount(records, 'record')} of ${contextLength + 1} in ${amount(files.length, 'file')}`
  return `${name}: ${text}, ${ids} -> ${made}; ids repeated ${tokensRepeated}, dropped ${tokensDropped}`
}

function amount(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}
