import type { RawConfig } from '../diagnose/diagnostics.js'

/** How the original takes values that are mistakes otherwise. Only under compat "gpt-neo"; each is told in a note. */
export function readAsOriginal(given: RawConfig, notes: string[]): RawConfig {
  const keys = { ...given }
  const read = (key: string, value: unknown, why: string) => {
    notes.push(`${key}: ${JSON.stringify(keys[key])} is read as ${JSON.stringify(value)}, as the original does: ${why}`)
    keys[key] = value
  }
  const { opt_name, lr_decay, precision, warmup_steps, n_layer, moe_layers } = keys
  if (keys.rotary_emb === false) read('rotary_emb', true, 'any value switches it on')
  if (typeof opt_name === 'string' && !['adam', 'adafactor'].includes(opt_name.toLowerCase()))
    read('opt_name', 'adafactor', 'any name but adam means it')
  if (lr_decay !== undefined && !['cosine', 'linear', 'none'].includes(lr_decay as string))
    read('lr_decay', 'none', 'any name but cosine and linear leaves lr constant')
  if (precision !== undefined && !['float32', 'bfloat16'].includes(precision as string))
    read('precision', 'float32', 'any name but bfloat16 means it')
  if (typeof warmup_steps === 'number' && warmup_steps < 0) read('warmup_steps', 0, 'a negative number is no warm-up')
  if (Array.isArray(moe_layers) && moe_layers.some((layer) => layer >= (n_layer as number)))
    read(
      'moe_layers',
      moe_layers.filter((layer) => layer < (n_layer as number)),
      'layers that are not there are passed over',
    )
  return keys
}
