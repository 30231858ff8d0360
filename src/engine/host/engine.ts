import { HostMemory, type HostArray } from './host-memory.js'
import { Interpreter } from './interpreter.js'

/** The engine on kernels of our own in JavaScript, which needs nothing but the language: in Node and in browsers. */
export function openHost(): HostEngine {
  return new HostEngine()
}

export class HostEngine extends Interpreter<HostArray, HostMemory> {
  constructor() {
    super('host', 'host on cpu (JavaScript kernels)', 'cpu', new HostMemory())
  }
}
