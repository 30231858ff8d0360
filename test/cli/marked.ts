/** Processes found by a variable in their environment, which all that they start inherit, wherever these end up. */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import type { Ended } from './run-here.js'

const NAME = 'NEOMESH_TEST_MARK'

export interface Mark {
  readonly env: Readonly<Record<string, string>>
  /** Ids of the living processes with the mark. */
  processes(): number[]
  /** Waits for their end, for so many ms, and returns those that are left. */
  left(within?: number): Promise<number[]>
}

export function newMark(): Mark {
  const value = randomUUID()
  const processes = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && lives(name) && read(name, 'environ').includes(`${NAME}=${value}\0`))
      .map(Number)
  return {
    env: { [NAME]: value },
    processes,
    async left(within = 2000) {
      const end = performance.now() + within
      while (processes().length > 0 && performance.now() < end) await setTimeout(10)
      return processes()
    },
  }
}

/** Exit status as a shell has it. */
export function statusOf({ code, signal }: Ended & { signal: string | null }): number {
  return signal === null ? code : 128 + constants.signals[signal as NodeJS.Signals]
}

/** One that has ended and that nobody has asked after (a zombie) still has its number. */
function lives(pid: string): boolean {
  return !/^State:\s+[ZX]/m.test(read(pid, 'status') || 'State: X')
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
