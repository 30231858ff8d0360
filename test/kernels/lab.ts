/** JupyterLab as a person has it, with a kernel, an extension and settings of its own: nothing of this machine's user is seen. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { installKernel } from '../../src/setup/index.js'
import { root } from './client.js'

const jupyter = join(root, '.venv/bin/jupyter')

/** Why tests with JupyterLab are skipped, or false. */
export const noLab =
  !existsSync(join(root, '.venv/bin/jupyter-lab')) && 'no JupyterLab in .venv: `make setup` installs it'

export interface Lab {
  /** As `http://127.0.0.1:8888/`. */
  readonly address: string
  readonly token: string
  /** Where the copies of the notebooks are. */
  readonly notebooks: string
}

/**
 * Starts JupyterLab over copies of notebooks of the project, as after `make setup`: no data, no run, nothing compiled. It
 * ends with the test, and with it its kernels and all that they have written.
 */
export async function startLab(
  test: TestContext,
  names: readonly string[],
  parameters: Record<string, string>,
): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-lab-'))
  const [notebooks, prefix, runtime] = ['notebooks', 'prefix', 'runtime'].map((name) => join(folder, name))
  for (const each of [notebooks, runtime]) mkdirSync(each)
  for (const name of names) cpSync(join(root, 'notebooks', name), join(notebooks, name))
  await installKernel({ project: root, prefix: prefix })
  const given = Object.entries({ folder: join(folder, 'runs'), ...parameters })
  const server = spawn(
    jupyter,
    ['lab', '--no-browser', '--allow-root', '--ip=127.0.0.1', `--ServerApp.root_dir=${notebooks}`],
    {
      cwd: folder,
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        HOME: folder,
        JUPYTER_PATH: join(prefix, 'share/jupyter'),
        JUPYTER_CONFIG_PATH: join(prefix, 'etc/jupyter'),
        JUPYTER_CONFIG_DIR: join(folder, 'config'),
        JUPYTER_DATA_DIR: join(folder, 'data'),
        JUPYTER_RUNTIME_DIR: runtime,
        NEOMESH_CACHE: join(folder, 'cache'),
        ...Object.fromEntries(given.map(([name, value]) => [`NEOMESH_PARAM_${name}`, value])),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (piece) => (said += piece))
  const ended = new Promise<void>((resolve) => server.on('exit', () => resolve()))
  test.after(async () => {
    server.kill('SIGTERM') // upon which it ends its kernels
    await ended
    rmSync(folder, { recursive: true, force: true })
  })

  for (let wait = 0; wait < 300 && server.exitCode === null; wait++) {
    const file = readdirSync(runtime).find((name) => /^jpserver-\d+\.json$/.test(name))
    if (file !== undefined) {
      const { url, token } = JSON.parse(readFileSync(join(runtime, file), 'utf8')) as { url: string; token: string }
      return { address: url, token, notebooks }
    }
    await sleep(100)
  }
  throw new Error(`JupyterLab did not start within 30 s:\n${said}`)
}
