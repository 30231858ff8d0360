import type { RawConfig } from '../diagnose/diagnostics.js'

/** How the original interprets values that are otherwise errors. Only with compat "gpt-neo"; each adds a note. */
export function readAsOriginal(given: RawConfig, notes: string[]): RawConfig {
  const keys = { ...given }
  const read = (key: string, value: unknown, why: string) => {
    notes.push(`${key}: ${JSON.stringify(keys[key])} is read as ${JSON.stringify(value)}, as the original does: ${why}`)
    keys[key] = value
  }
  const { opt_name, lr_decay, precision, warmup_steps, n_layer, moe_layers } = keys
  if (keys.rotary_emb === false) read('rotary_emb', true, 'any value enables it')
  if (typeof opt_name === 'string' && !['adam', 'adafactor'].includes(opt_name.toLowerCase()))
    read('opt_name', 'adafactor', 'every name but adam selects it')
  if (lr_decay !== undefined && !['cosine', 'linear', 'none'].includes(lr_decay as string))
    read('lr_decay', 'none', 'every name but cosine and linear keeps lr constant')
  if (precision !== undefined && !['float32', 'bfloat16'].includes(precision as string))
    read('precision', 'float32', 'every name but bfloat16 selects it')
  if (typeof warmup_steps === 'number' && warmup_steps < 0)
    read('warmup_steps', 0, 'a negative number disables warm-up')
  if (Array.isArray(moe_layers) && moe_layers.some((layer) => layer >= (n_layer as number)))
    read(
      'moe_layers',
      moe_layers.filter((layer) => layer < (n_layer as number)),
      'nonexistent layers are ignored',
    )
  return keys
}
