export { debug, type DebugSubject } from './debug.js'
export { DeviceArray, HOST_ARRAYS, isDeviceArray } from './device-array.js'
export {
  EngineError,
  type CompileOptions,
  type Engine,
  type Executable,
  type HostData,
  type Piece,
  type ProcessView,
  type MemoryUse,
  type Storage,
} from './engine.js'
export { bf16ToFloats, floatsToBf16, toFloats } from './half.js'
export { jit, type Compiled, type Jitted, type JitOptions } from './jit.js'
export { lower, type Lowered, type LowerOptions } from './xla/lower.js'
export { findPlugin, PluginNotFoundError, openXla, XlaEngine, type FoundPlugin, type XlaOptions } from '#xla'
export { PLATFORMS, UNTESTED, type Platform } from './xla/plugins.js'
export { ENGINES, FORMER_HOST, openEngine, type EngineName, type OpenOptions } from './open.js'
export { programFingerprint, writeExecutable, type SavedExecutable } from './xla/saved-executable.js'
export type { KeyValues } from './xla/pjrt/index.js'
