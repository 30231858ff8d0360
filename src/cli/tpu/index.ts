import { Command } from 'commander'
import { createCommand } from './create.js'
import { deleteCommand } from './delete.js'
import { runCommand, sshToCommand } from './run.js'
import { standInCommand } from './stand-in.js'
import { attachCommand, tpuTrainCommand } from './train.js'
import { describeCommand, listCommand, zonesCommand } from './look.js'

export function tpuCommand(): Command {
  const command = new Command('tpu').description('rent a TPU of Google Cloud, train on it, and delete it again')
  const commands = [
    createCommand(),
    listCommand(),
    describeCommand(),
    sshToCommand(),
    runCommand(),
    deleteCommand(),
    zonesCommand(),
    tpuTrainCommand(),
    attachCommand(),
    standInCommand(),
  ]
  for (const each of commands) command.addCommand(each)
  return command
}
