import { findPlugin } from '../../src/engine/xla/discovery.js'

/** Why tests that need libtpu are skipped, or false where it is installed (`make plan-setup`). */
export const withoutLibtpu: string | false = !hasLibtpu() && 'libtpu is not installed'

function hasLibtpu(): boolean {
  try {
    return Boolean(findPlugin('tpu'))
  } catch {
    return false
  }
}
