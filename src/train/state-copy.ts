import type { DeviceArray, HostData } from '../engine/index.js'

/**
 * Arrays copied from the devices to the host, by name. Memory is reused from copy to copy: the next one needs no more,
 * whether or not the garbage collector has run, and writes to pages that are there.
 */
export class StateCopy {
  private readonly arrays = new Map<string, HostData>()

  /** Copies an array; waits for the program that makes it. */
  async take(name: string, array: DeviceArray): Promise<void> {
    this.arrays.set(name, await array.read(this.arrays.get(name)))
  }

  /** The numbers of the last copy, row-major; they stay until the next one. */
  get(name: string): HostData | undefined {
    return this.arrays.get(name)
  }
}
