/** Shell scripts that workers run. Each may run again: what is done is not done twice. Everything is in ~/neomesh. */

/** Versions of what workers install beside neomesh. */
const NODE = 'v22.12.0'
const LIBTPU = '0.0.52'

/** A word for the shell. */
export function quote(text: string): string {
  return /^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** Prints the checksum of the package that is installed. */
export const PREPARE = 'mkdir -p neomesh && cat neomesh/package.sum 2> /dev/null || true'

/** Installs Node, neomesh from ~/neomesh/neomesh.tgz, and libtpu, as far as they are missing. */
export function setupScript(packageSum: string): string {
  return `set -eu
cd "$HOME/neomesh"
PATH="$HOME/neomesh/node/bin:$PATH"
if ! node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2> /dev/null; then
  echo 'installing Node ${NODE}'
  case "$(uname -m)" in x86_64) arch=x64;; aarch64) arch=arm64;; *) echo "no Node for $(uname -m)" >&2; exit 1;; esac
  file=node-${NODE}-linux-$arch.tar.gz
  curl -fsSL --retry 5 "https://nodejs.org/dist/${NODE}/$file" -o "$file"
  curl -fsSL --retry 5 https://nodejs.org/dist/${NODE}/SHASUMS256.txt | grep " $file\\$" | sha256sum -c --quiet -
  rm -rf node && mkdir node && tar -xzf "$file" -C node --strip-components=1 && rm "$file"
fi
if [ "$(cat package.sum 2> /dev/null)" != ${packageSum} ]; then
  echo 'installing neomesh'
  echo '${packageSum}  neomesh.tgz' | sha256sum -c --quiet -
  npm install --prefix "$HOME/neomesh" --ignore-scripts --omit=dev --omit=peer --no-audit --no-fund --loglevel=error ./neomesh.tgz >&2
  echo ${packageSum} > package.sum
fi
if [ "\${NEOMESH_WORKER_DEVICE:-tpu}" = tpu ] && [ "$(cat libtpu.version 2> /dev/null)" != ${LIBTPU} ]; then
  echo 'installing libtpu ${LIBTPU}'
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target "$HOME/neomesh/python" libtpu==${LIBTPU} >&2
  echo ${LIBTPU} > libtpu.version
fi
node node_modules/neomesh/bin/neomesh.mjs --version > /dev/null
`
}

/**
 * Starts training in the background, unless the start `id` was made already. It outlives the connection; its output goes to
 * ~/neomesh/log, its exit status to ~/neomesh/status. A signal to its process group reaches it, and it saves and stops.
 */
export function startScript(id: string, args: readonly string[]): string {
  return `set -eu
cd "$HOME/neomesh"
[ "$(cat start 2> /dev/null)" = ${id} ] && exit 0
if [ -f pid ] && kill -0 "$(cat pid)" 2> /dev/null; then kill -KILL -- "-$(cat pid)" 2> /dev/null || true; fi
rm -f status log
PATH="$HOME/neomesh/node/bin:$PATH"
if [ "\${NEOMESH_WORKER_DEVICE:-tpu}" = tpu ]; then export PJRT_PLUGIN_LIBRARY_PATH="$HOME/neomesh/python/libtpu/libtpu.so"; fi
cat > train.sh <<'END'
trap : TERM INT
node node_modules/neomesh/bin/neomesh.mjs ${args.map(quote).join(' ')} --device "\${NEOMESH_WORKER_DEVICE:-tpu}" > log 2>&1
echo $? > status.new && mv status.new status
END
setsid sh train.sh < /dev/null > /dev/null 2>&1 &
echo $! > pid
echo ${id} > start
`
}

/** Prints the start's id, its exit status or "running", whether its process lives, and the log from an offset on. */
export function pollScript(offset: number): string {
  return `cd neomesh 2> /dev/null || { echo none none no; exit 0; }
alive=no; [ -f pid ] && kill -0 "$(cat pid)" 2> /dev/null && alive=yes
echo "$(cat start 2> /dev/null || echo none) $(cat status 2> /dev/null || echo running) $alive"
tail -c +${offset + 1} log 2> /dev/null | head -c 200000`
}

/** Asks training to save and stop. */
export const STOP = 'cd neomesh 2> /dev/null && [ -f pid ] && kill -TERM -- "-$(cat pid)" 2> /dev/null; true'
