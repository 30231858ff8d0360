import { EngineError } from '../engine.js'
import { roundToBf16 } from '../half.js'
import { toF16, type Numbers } from './arrays.js'

/** An index that moves through an array with the loops: a variable `name`, starting at the text `start`. */
export interface Cursor {
  readonly name: string
  readonly start: string
  /** For each loop, outermost first. */
  readonly strides: readonly number[]
}

/** JavaScript of loops inside each other around `body`, which finds each cursor's index in the variable of its name. */
export function nest(sizes: readonly number[], cursors: readonly Cursor[], body: string): string {
  const open = sizes.map((size, depth) => {
    const at = ({ name }: Cursor, level: number) => (level === sizes.length - 1 ? name : `${name}_${level}`)
    const starts = cursors.map((each) => `${at(each, depth)} = ${depth === 0 ? each.start : at(each, depth - 1)}`)
    const steps = cursors
      .filter(({ strides }) => strides[depth] !== 0)
      .map((each) => `${at(each, depth)} += ${each.strides[depth]}`)
    const [counter, ...turns] = [`i${depth} = 0`, `i${depth}++`, ...steps]
    return `for (let ${[counter, ...starts].join(', ')}; i${depth} < ${size}; ${turns.join(', ')}) {`
  })
  const whole = sizes.length === 0 ? cursors.map(({ name, start }) => `const ${name} = ${start}`) : []
  return [...whole, ...open, body, ...sizes.map(() => '}')].join('\n')
}

/** What generated code is called with: arrays read, arrays written, and where each cursor starts. */
export type Loop = (x: readonly Numbers[], y: readonly (Numbers | Float64Array)[], start: readonly number[]) => void

const known = new Map<string, Loop>()

/**
 * Compiles the text of a `Loop`'s body. Loops over typed arrays with all numbers in the text run as fast as JavaScript does;
 * interpreted through closures the same work takes five to ten times as long. Equal texts are compiled once.
 */
export function compileLoop(body: string): Loop {
  let loop = known.get(body)
  if (!loop) {
    loop = build(`return (x, y, start) => {\n${body}\n}`)
    known.set(body, loop)
  }
  return loop
}

function build(text: string): Loop {
  try {
    return new Function('toBf16', 'toF16', text)(roundToBf16, toF16) as Loop
  } catch (cause) {
    if (!(cause instanceof EvalError)) throw cause
    throw new EngineError(
      "the engine host compiles its loops from JavaScript text, which this page's Content-Security-Policy forbids. " +
        "Allow 'unsafe-eval' in script-src.",
      { cause },
    )
  }
}
