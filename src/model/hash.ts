/** FNV-1a of a name, 32 bits: what makes the random numbers of one name others than those of the next. */
export function hashOf(name: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
