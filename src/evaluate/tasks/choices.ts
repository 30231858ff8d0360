/** Multiple choice by likelihood: the formats of HellaSwag, PIQA, ARC, WinoGrande and BLiMP, as lm-evaluation-harness has them. */
import { encodePair, type Encoder } from '../encode.js'
import { capitalize, codePoints, strip } from '../python.js'
import { fieldsOf, indexOf, sumOf, textOf, textsOf, wrong, type Item, type Line } from './item.js'

/** What is scored for one line: a text before and a text after for each choice. */
export interface Question {
  readonly pairs: readonly (readonly [context: string, continuation: string])[]
  /** Lengths that acc_norm divides by: code points of the choices, without the space before them. */
  readonly lengths: readonly number[]
  readonly gold: number
}

export function choiceItem(encoder: Encoder, { pairs, lengths, gold }: Question, { where }: Line): Item {
  return {
    passages: pairs.map(([context, continuation]) => encodePair(encoder, context, continuation, where)),
    judge(scores) {
      const logLikelihoods = scores.map(sumOf)
      const acc = Number(largest(logLikelihoods) === gold)
      const acc_norm = Number(largest(logLikelihoods.map((x, i) => x / lengths[i])) === gold)
      return { logLikelihoods, gold, figures: { acc, acc_norm } }
    },
  }
}

/** Index of the first largest, as NumPy has it. */
function largest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values))
}

function question(context: string, choices: readonly string[], gold: number, delimiter = ' '): Question {
  return {
    pairs: choices.map((choice) => [context, delimiter + choice]),
    lengths: choices.map(codePoints),
    gold,
  }
}

/** tasks/hellaswag/utils.py: without WikiHow's brackets. */
function withoutBrackets(text: string): string {
  return strip(text)
    .replaceAll(' [title]', '. ')
    .replace(/\[[^\n]*?\]/g, '')
    .replaceAll('  ', ' ')
}

/** From a line of a format to its question. */
export const QUESTIONS: Readonly<Record<string, (line: Line) => Question>> = {
  hellaswag(line) {
    const context = `${textOf(line, 'ctx_a')} ${capitalize(textOf(line, 'ctx_b'))}`
    const endings = textsOf(line, 'endings').map(withoutBrackets)
    const query = withoutBrackets(`${textOf(line, 'activity_label')}: ${context}`)
    return question(query, endings, indexOf(line, 'label', endings.length))
  },
  piqa(line) {
    const choices = [textOf(line, 'sol1'), textOf(line, 'sol2')]
    return question(`Question: ${textOf(line, 'goal')}\nAnswer:`, choices, indexOf(line, 'label', 2))
  },
  arc(line) {
    const { question: asked, text, labels } = arcParts(line)
    const gold = labels.indexOf(textOf(line, 'answerKey'))
    if (gold < 0) throw wrong(line, 'answerKey', `be one of ${labels.join(', ')}`, fieldsOf(line).answerKey)
    return question(`Question: ${asked}\nAnswer:`, text, gold)
  },
  /** Partial evaluation: the choices are in the context, and what comes after them is scored. */
  winogrande(line) {
    const sentence = textOf(line, 'sentence')
    const blank = sentence.indexOf('_')
    if (blank < 0) throw wrong(line, 'sentence', 'have a blank, "_"', sentence)
    const answer = String(fieldsOf(line).answer)
    if (answer !== '1' && answer !== '2') throw wrong(line, 'answer', 'be 1 or 2', fieldsOf(line).answer)
    const contexts = ['option1', 'option2'].map((key) => sentence.slice(0, blank) + textOf(line, key))
    const rest = ` ${strip(sentence.slice(blank + 1))}`
    return {
      pairs: contexts.map((context) => [context, rest]),
      lengths: contexts.map(codePoints),
      gold: Number(answer) - 1,
    }
  },
  blimp: (line) => question('', [textOf(line, 'sentence_good'), textOf(line, 'sentence_bad')], 0),
  pairs: (line) => question('', [textOf(line, 'good'), textOf(line, 'bad')], 0),
  choices(line) {
    const { context = '', delimiter } = fieldsOf(line)
    if (typeof context !== 'string') throw wrong(line, 'context', 'hold text', context)
    if (delimiter !== undefined && typeof delimiter !== 'string') throw wrong(line, 'delimiter', 'hold text', delimiter)
    const choices = textsOf(line, 'choices')
    return question(context, choices, indexOf(line, 'gold', choices.length), delimiter)
  },
}

/** ARC as its authors publish it has `question: {stem, choices: [{text, label}]}`; on the hub, columns. */
function arcParts(line: Line): { question: string; text: string[]; labels: string[] } {
  const { question: asked } = fieldsOf(line)
  if (typeof asked === 'object' && asked !== null) {
    const inner: Line = { ...line, value: asked }
    const choices = fieldsOf(inner).choices
    if (!Array.isArray(choices)) throw wrong(inner, 'choices', 'hold a list', choices)
    const each = choices.map((value): Line => ({ ...line, value }))
    return {
      question: textOf(inner, 'stem'),
      text: each.map((choice) => textOf(choice, 'text')),
      labels: each.map((choice) => textOf(choice, 'label')),
    }
  }
  const choices: Line = { ...line, value: fieldsOf(line).choices }
  return { question: textOf(line, 'question'), text: textsOf(choices, 'text'), labels: textsOf(choices, 'label') }
}
