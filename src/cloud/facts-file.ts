import { readJson } from '../files/index.js'
import { FACTS, type Facts, type GenerationFacts } from './accelerators.js'
import { CloudError } from './error.js'

/**
 * The tables of zones, runtime versions and prices, with what a file has instead: `{"v5e": {"price": 1.2, "zones": ["..."],
 * "runtime": "..."}}`, each key optional. Throws CloudError and FileError.
 */
export async function readFacts(path: string): Promise<Facts> {
  const given = await readJson(path)
  const wrong = (what: string, rule: string, got: unknown) =>
    new CloudError('usage', `${path}: ${what} must be ${rule} (got ${JSON.stringify(got)}). Correct it`)
  if (!isRecord(given)) throw wrong('the file', 'an object of generations, such as {"v5e": {"price": 1.2}}', given)
  const facts: Record<string, GenerationFacts> = { ...FACTS }
  for (const [generation, changes] of Object.entries(given)) {
    if (!(generation in FACTS)) throw wrong(`"${generation}"`, `one of ${Object.keys(FACTS).join(', ')}`, generation)
    if (!isRecord(changes)) throw wrong(`"${generation}"`, 'an object', changes)
    const { price, zones, runtime, ...other } = changes
    const [unknown] = Object.keys(other)
    if (unknown !== undefined) throw wrong(`${generation}: a key`, 'price, zones or runtime', unknown)
    if (price !== undefined && !(typeof price === 'number' && price >= 0 && Number.isFinite(price)))
      throw wrong(`${generation}.price`, 'a number of US dollars per chip and hour', price)
    if (zones !== undefined && !(Array.isArray(zones) && zones.every((zone) => typeof zone === 'string')))
      throw wrong(`${generation}.zones`, 'a list of zones', zones)
    if (runtime !== undefined && typeof runtime !== 'string')
      throw wrong(`${generation}.runtime`, 'the name of a runtime version', runtime)
    facts[generation] = { ...FACTS[generation], ...(changes as Partial<GenerationFacts>) }
  }
  return facts
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
