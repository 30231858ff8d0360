/** Names of tensors without what wrappers of a model put before them, or within. */
import { FileError } from '../../files/index.js'

/** Of torch's DataParallel and DistributedDataParallel, torch.compile, FSDP and activation checkpointing. */
const wrappers = ['module', '_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module']
/** Attributes that a model stands under in another: transformers' own, and of training frameworks. */
const holders = ['transformer', 'model']

/** The name as GPTNeoModel has it, such as "h.0.ln_1.weight"; lm_head is beside that. */
export function bareName(name: string): string {
  const parts = name.split('.').filter((part) => !wrappers.includes(part))
  return parts.slice(parts.findIndex((part) => !holders.includes(part))).join('.')
}

/** Where each tensor is, by bare name, and what was stripped, for people. Throws FileError if two have one name. */
export function bareNames(names: Iterable<string>, folder: string): { stored: Map<string, string>; notes: string[] } {
  const stored = new Map<string, string>()
  let example: string | undefined
  for (const name of names) {
    const bare = bareName(name)
    const other = stored.get(bare)
    if (other !== undefined)
      throw new FileError(
        `${folder} must have each tensor once (got "${other}" and "${name}"). Save the model again`,
        folder,
      )
    stored.set(bare, name)
    if (name !== bare && name !== `transformer.${bare}`) example ??= `"${name}" is read as "${bare}"`
  }
  return { stored, notes: example === undefined ? [] : [`prefixes of tensor names are left out: ${example}`] }
}
