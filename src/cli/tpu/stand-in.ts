import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { startStandIn, type StandInScript } from '../../cloud/index.js'
import { readJson } from '../../files/index.js'
import { interruptedStatus, interruptible } from '../interrupt.js'

export function standInCommand(): Command {
  return new Command('stand-in')
    .description("start a stand-in of Google's TPU service on this machine, to try these commands without a bill")
    .option('--script <file>', 'JSON file that says what goes wrong, as in docs/tpu.md')
    .action(standIn)
}

const COMMANDS = 'preempt (takes the TPUs away), list, calls, quit (or Ctrl-C)'

async function standIn({ script: file }: { readonly script?: string }): Promise<void> {
  const given = file === undefined ? {} : ((await readJson(file)) as Partial<StandInScript>)
  const { signal, done } = interruptible()
  const cloud = await startStandIn({ script: { pace: 1000, sshDelay: 1000, ...given } })
  const lines = createInterface({ input: process.stdin })
  const variables = Object.entries(cloud.environment).map(([name, value]) =>
    name === 'PATH' ? `PATH=${cloud.workers.bin}:$PATH` : `${name}=${value}`,
  )
  process.stdout.write(
    "A stand-in of Google's TPU service runs. In another shell:\n\n" +
      `  export ${variables.join(' ')}\n` +
      '  npx neomesh tpu create mine --tpu v5litepod-8 --zone us-west4-a\n\n' +
      `Commands here: ${COMMANDS}\n`,
  )
  try {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve())
      lines.on('line', (line) => {
        const command = line.trim()
        const print = (found: readonly string[], none: string) =>
          process.stdout.write(`${found.length > 0 ? found.join('\n') : none}\n`)
        if (command === 'preempt') print(cloud.preempt(), 'nothing is ready')
        else if (command === 'list') print(cloud.ours(), 'nothing')
        else if (command === 'calls') print(cloud.calls.slice(-20), 'none')
        else if (command === 'quit') resolve()
        else if (command !== '') print([], COMMANDS)
      })
      // Without a terminal it runs until a signal.
      setInterval(() => {}, 2 ** 30)
    })
  } finally {
    done()
    lines.close()
    await cloud.close()
  }
  process.exit(signal.aborted ? interruptedStatus() : 0)
}
