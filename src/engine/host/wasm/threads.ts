/** The threads that share the work of the engines that are open. They start when the first large piece of work comes. */
import { portableOf, type WasmFunction } from './functions.js'
import { dropHeap, heap } from './heap.js'
import { isIsolated } from './spawn.js'
import { Team, type Call } from './team.js'

/** Most threads of each engine that is open. */
const allowed = new Map<object, number>()
let team: Team | null = null
let failed = false

/** Why there is only one thread here; null where there may be more. */
export function whyAlone(): string | null {
  if (!isIsolated()) return 'the page is not cross-origin isolated'
  if (!heap().shared || failed) return 'WebAssembly has no shared memory here'
  return null
}

/**
 * Registers an engine that works on the heap with at most `threads` threads, this one included. The function that it returns ends
 * that: it ends the threads that no other engine uses, and gives the memory back if no other engine is open. The same happens when an
 * engine that was not closed is garbage.
 */
export function useHeap(engine: object, threads: number): () => void {
  const key = {}
  allowed.set(key, threads)
  forgotten.register(engine, key)
  return () => release(key)
}

const forgotten = new FinalizationRegistry<object>(release)

function release(key: object): void {
  if (!allowed.delete(key)) return
  if (team && most() < team.threads) {
    team.end()
    team = null
  }
  if (allowed.size === 0) dropHeap()
}

/** Most threads of what runs now. */
let limit = Infinity

/** Runs with at most `threads` threads: those of one engine. */
export function withThreads<T>(threads: number, run: () => T): T {
  const outer = limit
  limit = threads
  try {
    return run()
  } finally {
    limit = outer
  }
}

const most = () => Math.max(1, ...allowed.values())

/** Threads that work now, which are started where they are not: one until the others are there. */
export function threadCount(): number {
  if (limit === 1) return 1
  if (!team && most() > 1 && whyAlone() === null) {
    try {
      team = new Team(heap(), most(), portableOf)
    } catch {
      failed = true
    }
  }
  return Math.min(limit, team?.size ?? 1)
}

/** Runs a list of calls in each thread, the first one here. */
export function runInThreads(lists: readonly (readonly Call[])[]): void {
  if (team && lists.length > 1) team.run(lists)
  else for (const list of lists) for (const { run, parameters } of list) run(...parameters)
}

/** Work that is worth more than the call of another thread, in elements of simple loops. */
const LEAST_WORK = 1 << 15

/** Parts of [0, count) for each of some threads, at multiples of `step`; those that are empty are left out. */
export function partsOf(count: number, step: number, threads: number): { start: number; end: number }[] {
  const each = Math.ceil(count / threads / step) * step
  return Array.from({ length: Math.ceil(count / each) }, (_, i) => ({
    start: i * each,
    end: Math.min(count, (i + 1) * each),
  }))
}

/** Calls a function whose last parameters are the first turn and the end of its loop, with parts of the turns in each thread. */
export function callInParts(run: WasmFunction, parameters: readonly number[], turns: number, work: number): void {
  const threads = work < LEAST_WORK || turns < 2 ? 1 : threadCount()
  if (threads === 1) return run(...parameters, 0, turns)
  // Parts of a single loop over elements end at cache lines.
  const parts = partsOf(turns, turns === work ? 64 : 1, threads)
  runInThreads(parts.map(({ start, end }) => [{ run, parameters: [...parameters, start, end] }]))
}
