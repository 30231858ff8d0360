/** Whether the variables of a checkpoint are those of a model config. */
import type { ModelConfig } from '../../config/index.js'
import { FileError } from '../../files/index.js'
import { modelShape, parametersOf } from '../../model/index.js'
import type { SavedVariable } from '../../checkpoint/index.js'

/** What GPT-Neo's optimizers keep beside a variable: Adam's slots, Adafactor's. */
const slots = ['/adam_m', '/adam_v', '_slot_vr', '_slot_vc', '_slot_v', '_slot_m']

/**
 * Sorts variables into the model's, in its order, and optimizer slots of them. Throws FileError in one line for one
 * that is missing, that the model has not, or whose shape is another. `where` names the checkpoint.
 */
export function matchVariables(found: readonly SavedVariable[], config: ModelConfig, where: string) {
  const wrong = (what: string) => new FileError(`${where} does not fit the model config: ${what}`, where)
  const rest = new Map(found.map((variable) => [variable.name, variable]))
  const specs = parametersOf(modelShape(config, { batch: 1 }), 'unroll')
  const missing = specs.filter(({ name }) => !rest.has(name))
  if (missing.length > 0)
    throw wrong(`it lacks "${missing[0].name}"${more(missing.length)}. Give the config that it was trained with`)
  const take = (name: string) => {
    const variable = rest.get(name)
    rest.delete(name)
    return variable
  }
  const parameters = specs.map(({ name, shape, shapeNames }) => {
    const variable = take(name)!
    if (variable.shape.join() !== shape.join())
      throw wrong(
        `"${name}" has shape [${variable.shape.join(', ')}], the config gives ` +
          `[${shape.map((size, i) => `${shapeNames[i]} ${size}`).join(', ')}]`,
      )
    return variable
  })
  const kept = specs.flatMap(({ name }) => slots.flatMap((slot) => take(name + slot) ?? []))
  if (rest.size > 0)
    throw wrong(`the model has no "${[...rest.keys()][0]}"${more(rest.size)}. Give the config that it was trained with`)
  return { parameters, slots: kept }
}

const more = (count: number) => (count > 1 ? ` and ${count - 1} more` : '')
