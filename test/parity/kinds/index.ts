/** What a file of recorded cases is, and how it is replayed: a line a case. */
import type { CaseFile, Workshop } from '../case-file.js'
import type { Verdict } from '../verdict.js'
import { activations } from './activations.js'
import { data } from './data.js'
import { initializers } from './initializers.js'
import { layouts } from './layouts.js'
import { refused } from './refused.js'
import { run } from './run.js'
import { sampling } from './sampling.js'
import { schedules } from './schedules.js'
import { steps, variants } from './steps.js'

type Kind = (file: CaseFile, workshop: Workshop) => AsyncGenerator<Verdict>

/** Told by the keys that only they have. */
const KINDS: readonly [is: (json: any) => boolean, kind: Kind][] = [
  [(json) => json.config && Array.isArray(json.loss), steps],
  [(json) => json.variants, variants],
  [(json) => json.checkpoint_variables, run],
  [(json) => json.schedules, schedules],
  [(json) => json.functions, activations],
  [(json) => json.layouts, layouts],
  [(json) => json.probes, refused],
  [(json) => json.sequential_input, data],
  [(json) => json.cases?.[0]?.variables, initializers],
  [(json) => json.cases?.[0]?.start, sampling],
]

/** A record of something that is not replayed. */
export class UnknownKind extends Error {}

/** Throws UnknownKind for a file of another kind. */
export function verdictsOf(file: CaseFile, workshop: Workshop): AsyncGenerator<Verdict> {
  const kind = KINDS.find(([is]) => is(file.json))?.[1]
  if (!kind)
    throw new UnknownKind(`its keys (${Object.keys(file.json).join(', ')}) are those of no kind of record known here`)
  return kind(file, workshop)
}
