import type { Portable, WasmFunction } from './functions.js'
import type { Heap } from './heap.js'
import { spawn, type Thread } from './spawn.js'

/** A call of a function, in a thread. */
export interface Call {
  readonly run: WasmFunction
  readonly parameters: readonly number[]
}

/** Words of a member's mailbox: the order's number, that of the last one done, its length, that of the last one begun, its calls. */
const WORDS = 65536
const ORDER = 0
const DONE = 1
const LENGTH = 2
const BEGUN = 3
const CALLS = 4
/** A call with this number compiles a module. */
const COMPILE = -1
/** How often a thread looks before it sleeps, since waking one takes some fifty microseconds. */
const LOOKS = 5000

interface Member {
  readonly thread: Thread
  readonly box: Int32Array<ArrayBufferLike>
  readonly compiled: Set<number>
  order: number
}

/** Calls that a member was given: the first `given`, and the functions that it is to compile for them. */
interface Order {
  readonly member: Member
  readonly calls: readonly Call[]
  readonly given: number
  readonly compiles: readonly number[]
}

/** Threads that run functions on the shared memory. The main thread is one of them. */
export class Team {
  private readonly members: Member[]

  constructor(
    heap: Heap,
    readonly threads: number,
    private readonly portable: (run: WasmFunction) => Portable,
  ) {
    this.members = Array.from({ length: threads - 1 }, () => {
      const address = heap.allocate(4 * WORDS)
      const box = new Int32Array(heap.buffer as ArrayBuffer, address, WORDS).fill(0)
      return {
        thread: spawn({ memory: heap.memory, address, words: WORDS, looks: LOOKS }),
        box,
        compiled: new Set<number>(),
        order: 0,
      }
    })
  }

  /** Threads that have started. */
  get size(): number {
    return 1 + this.members.filter(({ box }) => Atomics.load(box, DONE) !== 0).length
  }

  /**
   * Runs a list of calls in each thread; the first list in this one. Returns when all are done. What a thread has not begun by the time
   * that this one is free, as where the system lets other programs run, is done here.
   */
  run(lists: readonly (readonly Call[])[]): void {
    const ready = this.members.filter(({ box }) => Atomics.load(box, DONE) !== 0)
    const used = ready.slice(0, lists.length - 1)
    const here: Call[] = [...lists[0], ...lists.slice(1 + used.length).flat()]
    const orders = used.map((member, i) => this.send(member, lists[i + 1]))
    for (const { given, calls } of orders) here.push(...calls.slice(given))
    for (const { run, parameters } of here) run(...parameters)
    for (const { member, calls, given, compiles } of orders) {
      const before = member.order - 1
      if (Atomics.compareExchange(member.box, BEGUN, before, member.order) !== before) {
        wait(member)
        continue
      }
      for (const id of compiles) member.compiled.delete(id)
      for (const { run, parameters } of calls.slice(0, given)) run(...parameters)
    }
  }

  /** Gives a member as many of the calls as its mailbox takes. */
  private send(member: Member, calls: readonly Call[]): Order {
    const { box, compiled } = member
    const compiles: number[] = []
    let at = CALLS
    let given = 0
    for (const { run, parameters } of calls) {
      const { id, bytes } = this.portable(run)
      if (at + parameters.length + bytes.length / 4 + 6 > WORDS) break
      if (!compiled.has(id)) {
        for (const word of [COMPILE, id, bytes.length]) box[at++] = word
        new Uint8Array(box.buffer as ArrayBuffer, box.byteOffset + 4 * at, bytes.length).set(bytes)
        at += Math.ceil(bytes.length / 4)
        compiled.add(id)
        compiles.push(id)
      }
      box[at++] = id
      box[at++] = parameters.length
      for (const word of parameters) box[at++] = word
      given++
    }
    box[LENGTH] = at
    Atomics.store(box, ORDER, ++member.order)
    Atomics.notify(box, ORDER)
    return { member, calls, given, compiles }
  }

  end(): void {
    for (const { thread } of this.members) thread.end()
  }
}

function wait({ box, order }: Member): void {
  // A member has done order n when the word is n + 1: 0 says that it has not started.
  for (let look = 0; ; look++) {
    const done = Atomics.load(box, DONE)
    if (done === order + 1) return
    if (done < 0) throw new Error('a thread of the engine host failed')
    if (look < LOOKS) continue
    try {
      Atomics.wait(box, DONE, done)
    } catch {
      // The window's thread of a browser may not sleep.
    }
  }
}
