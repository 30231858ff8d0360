/** Counts of native objects that we own, so that tests can prove that nothing leaks. */
const live = { client: 0, topology: 0, executable: 0, program: 0, buffer: 0, event: 0 }

export function opened(kind: keyof typeof live, count = 1): void {
  live[kind] += count
}
export function closed(kind: keyof typeof live, count = 1): void {
  live[kind] -= count
}

/** How many native objects of each kind are alive in this process. */
export function liveHandles(): Readonly<typeof live> {
  return { ...live }
}
