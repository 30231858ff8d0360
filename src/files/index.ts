/** Files on disk: atomic writes, readable errors, checksums, names in order, JSON and safetensors. */
export { createAtomicFile, refuseDevice, writeFileAtomic, type AtomicFile } from './atomic-file.js'
export { writeFolderAtomic, type AtomicFolderOptions } from './atomic-folder.js'
export { sha256, sha256File } from './checksum.js'
export { crc32c, maskCrc, maskedCrc32c } from './crc32c.js'
export { asFileError, FileError, withFileErrors, withFileErrorsSync } from './error.js'
export { escapeGlob, globFiles, isFile, isFolder, isGlob, listFiles } from './find-files.js'
export { parseJson, readJson } from './json.js'
export { appendJsonLine, readJsonLines, writeJsonLines } from './json-lines.js'
export { lockHolder, tryLock, type Lock } from './lock.js'
export { makeFolder, removeEmptyFolders } from './make-folder.js'
export { compareNatural, naturalSort } from './natural-sort.js'
export {
  bytesPerElement,
  tensorBytes,
  type SafetensorsDtype,
  type SafetensorsHeader,
  type TensorEntry,
} from './safetensors-format.js'
export { openSafetensors, type SafetensorsFile, type StoredTensor } from './safetensors-read.js'
export {
  writeSafetensors,
  type SafetensorsWriteOptions,
  type TensorDescription,
  type WritableTensor,
} from './safetensors-write.js'
