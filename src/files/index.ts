/** Files on this machine and in Google Cloud Storage: atomic writes, locks, errors with a remedy, checksums, JSON, safetensors. */
export {
  checkOutputFile,
  createAtomicFile,
  isFile,
  isFolder,
  makeFolder,
  openFile,
  readFile,
  readFolder,
  readPieces,
  readText,
  remove,
  removeEmptyFolders,
  sha256File,
  stat,
  writeFileAtomic,
} from './access.js'
export { partialFolderOf, writeFolderAtomic, type AtomicFolderOptions } from './atomic-folder.js'
export { crc32c, maskCrc, maskedCrc32c, sha256 } from './checksums.js'
export { endWithParent, PARENT } from '#this-machine'
export { asFileError, FileError, withFileErrors, withFileErrorsSync } from './error.js'
export type { AtomicFile, Lock, OpenFile, PartialFile } from './file-system.js'
export { escapeGlob, findUnexpectedEntry, globFiles, isGlob, listFiles } from './find-files.js'
export { foreignKind, headBytes, pickleRemedy, refuseForeign, refuseForeignFile, type NeededKind } from './foreign.js'
export { isCheckout, kernelPackages, packageFolder, sitePackages, userFolder, userPackages } from '#this-machine'
export { jsonText, parseJson, readJson } from './json.js'
export { readJsonLines, startJsonLines, writeJsonLines, type JsonLines } from './json-lines.js'
export { openPartialFile, storageUse, type StorageUse } from '#local-files'
export { lockHolder, tryLock } from './lock.js'
export { compareNatural, naturalSort } from './natural-sort.js'
export { basename, dirname, isAbsolute, isCloudPath, join, relative, resolve } from './paths.js'
export {
  bytesPerElement,
  tensorBytes,
  type SafetensorsDtype,
  type SafetensorsHeader,
  type TensorEntry,
} from './safetensors/format.js'
export { hubHint, refuseScheme } from './schemes.js'
export { openSafetensors, type SafetensorsFile, type StoredTensor } from './safetensors/read.js'
export {
  writeSafetensors,
  type SafetensorsWriteOptions,
  type TensorDescription,
  type WritableTensor,
} from './safetensors/write.js'
