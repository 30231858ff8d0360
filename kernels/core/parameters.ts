/**
 * Parameter cells as in Colab: `const steps = 200 //@param {type: "integer", min: 1}`. The environment may override the
 * value in the cell; either value is checked against the comment.
 */
import { param, parameterText, type ParamLimits } from '../../src/notebook/param.js'

const LINE =
  /^(\s*(?:const|let|var)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)(?:\s*:[^=]+?)?\s*=\s*)(.*?)(;?\s*\/\/\s*@param\b(.*))$/u

/** The source with the values from the environment. Throws RangeError for a value that the comment does not allow. */
export function withParameters(source: string): string {
  return source
    .split('\n')
    .map((line) => {
      const found = LINE.exec(line)
      if (!found) return line
      const [, before, name, text, after, comment] = found
      const value = literal(text)
      if (value === null) {
        if (parameterText(name) === undefined) return line
        throw new RangeError(
          `parameter ${name}: the value in the cell must be a number, a string, true or false (got ${text.trim()}). ` +
            `Change the cell, or unset the parameter`,
        )
      }
      const taken = param(name, value, limitsOf(comment))
      return taken === value ? line : `${before}${JSON.stringify(taken)}${after}`
    })
    .join('\n')
}

function literal(text: string): number | string | boolean | null {
  const trimmed = text.trim()
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true'
  const quoted = /^(['"`])([^'"`\\$]*)\1$/.exec(trimmed)
  if (quoted) return quoted[2]
  const number = trimmed.replace(/(?<=\d)_(?=\d)/g, '')
  return number === '' || Number.isNaN(Number(number)) ? null : Number(number)
}

/** `{type: "integer", min: 1, max: 9}`, or a list of choices. */
function limitsOf(comment: string): ParamLimits {
  const list = /\[(.*)\]/.exec(comment)
  if (list && !/allow-input/.test(comment))
    return { choices: list[1].split(',').map((item) => literal(item) ?? item.trim()) }
  const pairs = [...comment.matchAll(/"?(\w+)"?\s*:\s*(?:"([^"]*)"|([-+.\deE]+))/g)]
  const given = new Map<string, string | number>(pairs.map(([, key, text, number]) => [key, text ?? Number(number)]))
  const number = (key: string) => {
    const value = given.get(key)
    return typeof value === 'number' ? value : undefined
  }
  return { integer: given.get('type') === 'integer', min: number('min'), max: number('max') }
}
