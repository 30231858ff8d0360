/**
 * Workers of the stand-in: folders on this machine, with an `ssh` and an `scp` for the PATH of a client that run commands and
 * copy files in them. A worker's processes carry its folder in their environment, so that exactly they can be ended with it.
 */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, isFolder, join, makeFolder, packageFolder } from '../../files/index.js'

const MARK = 'NEOMESH_STAND_IN_WORKER'

export interface WorkerOptions {
  readonly address: string
  readonly keys: string
  readonly startupScript: string
  /** Address of its metadata server. */
  readonly metadataHost: string
  /** Address of the service's REST interface. */
  readonly api: string
  /** More variables of its processes. */
  readonly environment: Readonly<Record<string, string>>
}

export interface Workers {
  /** Folder of programs to put in front of a client's PATH. */
  readonly bin: string
  /** Path of the client's ssh key, so that it makes none for the machines of others. */
  readonly key: string
  home(address: string): string
  start(worker: WorkerOptions): void
  /** Sets the keys that ssh accepts. */
  authorize(address: string, keys: string): void
  /** Makes ssh answer. */
  connect(address: string): void
  /** Makes ssh time out, with its processes left as they are. */
  disconnect(address: string): void
  /** Ends its processes, or those whose command line matches. Returns how many. */
  kill(address: string, pattern?: RegExp): number
  /** Ends its processes, and removes it. */
  remove(address: string): void
  /** Removes the folder, if none was given. */
  end(): void
  /** Failures of ssh and of commands: `refuse ADDRESS` and so on are files that the stubs look at. */
  breakCommand(address: string, pattern: string, status: number, message: string): void
}

/** @param given where to keep them; one that is removed at the end if it is undefined */
export async function createWorkers(given: string | undefined): Promise<Workers> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'neomesh-stand-in-'))
  const bin = join(folder, 'bin')
  const workerBin = join(folder, 'worker-bin')
  const hosts = join(folder, 'hosts')
  for (const each of [bin, workerBin, hosts]) await makeFolder(each)
  // Installed by npm, it is beside the packages that it needs.
  const modules = (await isFolder(join(packageFolder, 'node_modules')))
    ? join(packageFolder, 'node_modules')
    : dirname(packageFolder)
  const program = (path: string, text: string) => {
    writeFileSync(path, text)
    chmodSync(path, 0o755)
  }
  program(join(bin, 'ssh'), SSH.replaceAll('HOSTS', hosts))
  program(join(bin, 'scp'), SCP.replaceAll('HOSTS', hosts))
  program(join(bin, 'ssh-keygen'), KEYGEN)
  program(join(workerBin, 'npm'), NPM.replaceAll('MODULES', modules))
  const watcher = spawn('sh', ['-c', WATCH, 'sh', String(process.pid), hosts, given === undefined ? folder : ''], {
    env: { PATH: '/usr/bin:/bin' },
    stdio: 'ignore',
    detached: true,
  })
  watcher.unref()
  const home = (address: string) => join(hosts, address, 'home')
  const path = [workerBin, dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':')

  function environmentOf(worker: WorkerOptions): Record<string, string> {
    return {
      HOME: home(worker.address),
      PATH: path,
      USER: 'tester',
      TMPDIR: join(hosts, worker.address),
      GCE_METADATA_HOST: worker.metadataHost,
      NEOMESH_TPU_API: worker.api,
      NEOMESH_WORKER_DEVICE: 'cpu',
      NEOMESH_POLL_SECONDS: '0.1',
      [MARK]: join(hosts, worker.address),
      ...worker.environment,
    }
  }

  return {
    bin,
    key: join(folder, 'key'),
    home,
    start(worker) {
      const at = join(hosts, worker.address)
      for (const each of [at, home(worker.address)]) if (!existsSync(each)) mkdirSync(each)
      const environment = environmentOf(worker)
      const quote = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`
      const lines = Object.entries(environment).map(([key, value]) => `export ${key}=${quote(value)}`)
      writeFileSync(join(at, 'environment'), `${lines.join('\n')}\n`)
      writeFileSync(join(at, 'keys'), worker.keys)
      if (worker.startupScript === '') return
      const child = spawn('sh', ['-c', worker.startupScript], {
        cwd: home(worker.address),
        env: environment,
        stdio: 'ignore',
        detached: true,
      })
      child.unref()
    },
    authorize: (address, keys) => writeFileSync(join(hosts, address, 'keys'), keys),
    connect: (address) => existsSync(join(hosts, address)) && writeFileSync(join(hosts, address, 'up'), ''),
    disconnect: (address) => rmSync(join(hosts, address, 'up'), { force: true }),
    kill: (address, pattern) => endProcesses(join(hosts, address), pattern),
    remove(address) {
      rmSync(join(hosts, address, 'up'), { force: true })
      // A command may be just starting: its parent ends first, so a second look finds what the first did not.
      while (endProcesses(join(hosts, address)) > 0);
      rmSync(join(hosts, address), { recursive: true, force: true })
    },
    end() {
      watcher.kill()
      if (given === undefined) rmSync(folder, { recursive: true, force: true })
    },
    breakCommand(address, pattern, status, message) {
      writeFileSync(join(hosts, address, 'broken'), `${pattern}\n${status}\n${message}\n`)
    },
  }
}

/** Ends the processes with this mark in their environment. */
function endProcesses(mark: string, pattern?: RegExp): number {
  let count = 0
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      const environment = readFileSync(`/proc/${id}/environ`, 'utf8').split('\0')
      if (!environment.includes(`${MARK}=${mark}`)) continue
      if (pattern && !pattern.test(readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' '))) continue
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${id}/status`, 'utf8'))) continue
      process.kill(Number(id), 'SIGKILL')
      count++
    } catch {
      // It has ended, or is another user's.
    }
  return count
}

/** Ends the workers' processes when this one was killed, which could not: its id, the workers' folder, the folder to remove. */
const WATCH = `while kill -0 "$1" 2>/dev/null; do sleep 0.5; done
for each in /proc/[0-9]*; do
  if tr '\\0' '\\n' < "$each/environ" 2>/dev/null | grep -q "^${MARK}=$2/"; then kill -9 "\${each#/proc/}"; fi
done
if [ -n "$3" ]; then rm -rf "$3"; fi
`

const ARGUMENTS = `key=
while [ $# -gt 0 ]; do
  case "$1" in
    -i) key=$2; shift 2;;
    -o|-p|-P|-l|-F|-S) shift 2;;
    --) shift;;
    -*) shift;;
    *) break;;
  esac
done
`

const CONNECT = `at=HOSTS/$host
if [ ! -f "$at/up" ]; then echo "ssh: connect to host $host port 22: Connection timed out" >&2; exit 255; fi
if [ -n "$key" ] && ! grep -qF "$(cut -d' ' -f2 "$key.pub")" "$at/keys"; then
  echo "tester@$host: Permission denied (publickey)." >&2; exit 255
fi
`

const SSH = `#!/bin/sh
# Runs a command in a worker's folder, as ssh does on a machine.
${ARGUMENTS}host=\${1#*@}; shift
${CONNECT}if [ -f "$at/broken" ]; then
  if printf '%s' "$*" | grep -q "$(sed -n 1p "$at/broken")"; then
    sed -n 3p "$at/broken" >&2; exit "$(sed -n 2p "$at/broken")"
  fi
fi
exec env -i sh -c '. "$1/environment"; cd "$HOME" || exit 255; exec sh -c "$2"' sh "$at" "$*"
`

const SCP = `#!/bin/sh
# Copies files into a worker's folder.
${ARGUMENTS}sources=
for each in "$@"; do last=$each; done
host=\${last#*@}; path=\${host#*:}; host=\${host%%:*}
${CONNECT}while [ $# -gt 1 ]; do
  case "$path" in /*) to=$path;; *) to="$at/home/$path";; esac
  cp -r "$1" "$to" || exit 1
  shift
done
`

const KEYGEN = `#!/bin/sh
# Makes the files of a key.
while [ $# -gt 0 ]; do case "$1" in -f) file=$2; shift 2;; *) shift;; esac; done
secret=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \\n')
umask 077
echo "-----BEGIN OPENSSH PRIVATE KEY-----$secret" > "$file"
echo "ssh-rsa AAAA$secret tester" > "$file.pub"
`

const NPM = `#!/bin/sh
# Installs the package of a file, with the packages of this one.
while [ $# -gt 0 ]; do case "$1" in --prefix) prefix=$2; shift 2;; *.tgz) file=$1; shift;; *) shift;; esac; done
set -e
mkdir -p "$prefix/node_modules/.bin"
rm -rf "$prefix/node_modules/neomesh" "$prefix/unpacked"
mkdir "$prefix/unpacked"
tar -xzf "$file" -C "$prefix/unpacked"
mv "$prefix/unpacked/package" "$prefix/node_modules/neomesh"
rmdir "$prefix/unpacked"
for each in MODULES/*; do
  name=\${each##*/}
  [ "$name" = neomesh ] || ln -sfn "$each" "$prefix/node_modules/$name"
done
`
