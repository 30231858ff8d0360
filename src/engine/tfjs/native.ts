/** TensorFlow's native library for TensorFlow.js, which users may install beside neomesh. For Node only. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EngineError } from '../engine.js'
import { openTfjs, type TfjsEngine } from './engine.js'

export type NativePackage = '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu'

export interface FoundNative {
  readonly folder: string
  readonly version: string
}

const here = () => [process.cwd(), fileURLToPath(new URL('.', import.meta.url))]

/**
 * The package in node_modules of the working folder, of neomesh, or above; null where it is not. Another package under its
 * name does not count: danfojs-node asks for tfjs-node, and gets tfjs-core in its place (package.json, overrides).
 */
export function findNative(name: NativePackage, from: readonly string[] = here()): FoundNative | null {
  for (const start of from)
    for (let at = resolve(start); ; at = dirname(at)) {
      const folder = join(at, 'node_modules', name)
      const file = join(folder, 'package.json')
      if (existsSync(file)) {
        const about = JSON.parse(readFileSync(file, 'utf8')) as { name: string; version: string }
        if (about.name === name) return { folder, version: about.version }
      }
      if (at === dirname(at)) break
    }
  return null
}

/** The engine on TensorFlow's library. Throws EngineError where the package is not installed, or does not load. */
export async function openNative(name: NativePackage, found = findNative(name)): Promise<TfjsEngine> {
  if (!found) throw new EngineError(`${name} is not installed: npm install ${name}`)
  const { warn } = console
  // Where it brings a tfjs-core of its own, that tells of each kernel which neomesh's has registered already.
  console.warn = () => {}
  try {
    createRequire(import.meta.url)(found.folder)
  } catch (cause) {
    const [reason] = (cause as Error).message.split('\n')
    throw new EngineError(
      `${name} ${found.version} in ${found.folder} does not load: ${reason}. Its install script fetches TensorFlow's ` +
        `library; to run it again: npm rebuild ${name} --build-from-source`,
      { cause },
    )
  } finally {
    console.warn = warn
  }
  return openTfjs({ backend: 'tensorflow', platform: name.endsWith('-gpu') ? 'cuda' : 'cpu' })
}
