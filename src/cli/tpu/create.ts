import { Command } from 'commander'
import {
  checkTpuOptions,
  createTpu,
  describeTpuEvent,
  dryCreate,
  dryProject,
  limitOf,
  localKey,
  type TpuEvent,
} from '../../cloud/index.js'
import { interruptible } from '../interrupt.js'
import { tpuOptionsOf, withCreation, type CreationOptions } from './options.js'

export function createCommand(): Command {
  return withCreation(
    new Command('create')
      .description('create a TPU and wait until it is ready; it deletes itself after --max-hours')
      .argument('<name>', 'name of the new TPU'),
  ).action(create)
}

async function create(name: string, options: CreationOptions): Promise<void> {
  const tpu = await tpuOptionsOf(options)
  checkTpuOptions(tpu)
  if (options.dryRun) {
    const given = {
      project: dryProject(options.project),
      run: name,
      sshKey: await localKey({ make: false }),
      limit: limitOf(options.maxHours),
      waitSeconds: options.wait * 60,
    }
    for (const zone of tpu.zones) {
      const target = { kind: tpu.request ?? ('queued' as const), zone, name, requestId: '(a random UUID)' }
      process.stdout.write(`${dryCreate(tpu, { ...given, target })}\n`)
    }
    return
  }
  const { signal, done } = interruptible(() => process.stderr.write('interrupted: deleting what was created\n'))
  try {
    const sshKey = await localKey({ make: true })
    const made = await createTpu({
      ...tpu,
      name,
      project: options.project,
      sshKey,
      waitMinutes: options.wait,
      signal,
      onEvent: print,
    })
    process.stdout.write(`${made.name} ${made.zone} READY\n`)
    process.stderr.write(
      `It deletes itself in ${options.maxHours} h. Before that: neomesh tpu delete ${name} --zone ${made.zone}\n`,
    )
  } finally {
    done()
  }
}

/** Events of a TPU on stderr, a line each. */
export function print(event: TpuEvent): void {
  const line = describeTpuEvent(event)
  if (line !== null) process.stderr.write(`${line}\n`)
}
