import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The command of an installation by npm alone, in a folder: no .venv, no packages of `neomesh setup`, no python to ask. */
export function installed(world: string) {
  const folder = join(world, 'installed')
  mkdirSync(folder)
  for (const part of ['bin', 'configs', 'package.json', 'dist/src'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  const alone = { PATH: folder, VIRTUAL_ENV: '', PJRT_PLUGIN_LIBRARY_PATH: '' }
  const launcher = join(folder, 'bin/neomesh.mjs')
  return (args: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
    const env = { NEOMESH_CACHE: join(world, 'cache'), ...process.env, ...alone, ...environment }
    return spawnSync(process.execPath, [launcher, ...args], { cwd: world, env, encoding: 'utf8' })
  }
}
