/** Checks before a run: plugins take a wrong dtype of the right size as it is, and crash on a buffer that is gone. */
import type { Buffer } from './buffer.js'
import { describe, sameSpec } from './element-type.js'
import { PjrtError } from './error.js'
import type { Executable } from './executable.js'

export function checkArguments(executable: Executable, rows: readonly (readonly Buffer[])[]): void {
  const { devices, parameters } = executable
  if (rows.length !== devices.length) {
    refuse(`the program runs on ${devices.length} devices, ${rows.length} rows of arguments were given`)
  }
  for (let row = 0; row < rows.length; row++) {
    const device = devices[row]
    if (rows[row].length !== parameters.length) {
      refuse(`the program takes ${parameters.length} arguments, ${rows[row].length} were given for device ${device.id}`)
    }
    for (let i = 0; i < parameters.length; i++) {
      const buffer = rows[row][i]
      if (buffer.isDeleted) buffer.address(`LoadedExecutable_Execute, argument ${i}`)
      if (buffer.device !== device) {
        refuse(`argument ${i} is on device ${buffer.device.id}, row ${row} of the program runs on device ${device.id}`)
      }
      if (!sameSpec(buffer, parameters[i])) {
        refuse(`argument ${i} is ${describe(buffer)}, the program takes ${describe(parameters[i])}`)
      }
    }
    checkDonated(executable.donated, rows[row])
  }
}

/** Donating a buffer that the program also reads elsewhere would change what it reads. */
function checkDonated(donated: readonly number[], row: readonly Buffer[]): void {
  if (donated.length === 0) return
  const seen = new Map<Buffer, number>()
  for (const i of donated) {
    const other = seen.get(row[i])
    if (other !== undefined) {
      refuse(`arguments ${other} and ${i} are one buffer, and the program takes over both; pass a copy`)
    }
    seen.set(row[i], i)
  }
  for (let i = 0; i < row.length; i++) {
    const first = seen.get(row[i])
    if (first !== undefined && first !== i) {
      refuse(`arguments ${first} and ${i} must be different buffers, since argument ${first} is donated. Pass a copy.`)
    }
  }
}

function refuse(detail: string): never {
  throw new PjrtError('LoadedExecutable_Execute', 'INVALID_ARGUMENT', detail)
}
