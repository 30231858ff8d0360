/**
 * The commands by name, with what `neomesh --help` prints. A command's own file is loaded only when the command is
 * used: together they import every room, which takes ten times as long as printing the help.
 */
import type { Command } from 'commander'

export interface CommandEntry {
  /** Name and arguments, as the list of commands shows them. */
  readonly term: string
  readonly description: string
  load(version: string): Promise<Command>
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  tokenizer: {
    term: 'tokenizer',
    description: 'train a byte-level BPE tokenizer, or use one',
    load: async () => (await import('./tokenizer.js')).tokenizerCommand(),
  },
  data: {
    term: 'data',
    description: 'prepare training data from text',
    load: async () => (await import('./data.js')).dataCommand(),
  },
  config: {
    term: 'config',
    description: 'check and explain model configs',
    load: async () => (await import('./config.js')).configCommand(),
  },
  plan: {
    term: 'plan [options] <config>',
    description: 'estimate a training step on TPUs or GPUs (none needed): memory, speed, communication',
    load: async () => (await import('./plan.js')).planCommand(),
  },
  profile: {
    term: 'profile [options] <config>',
    description: 'time each operation of a training step on this CPU, with its line of model code',
    load: async () => (await import('./profile.js')).profileCommand(),
  },
  train: {
    term: 'train [options] [config]',
    description: 'train or fine-tune a model, resuming an interrupted run',
    load: async () => (await import('./train.js')).trainCommand(),
  },
  tpu: {
    term: 'tpu',
    description: 'rent a TPU of Google Cloud, train on it, and delete it again',
    load: async () => (await import('./tpu/index.js')).tpuCommand(),
  },
  sample: {
    term: 'sample [options] <model>',
    description: 'generate text from a prompt with a trained model, streaming to the terminal',
    load: async () => (await import('./sample.js')).sampleCommand(),
  },
  eval: {
    term: 'eval [options] <model>',
    description: 'evaluate a trained model on tasks: likelihood of texts and of answers',
    load: async () => (await import('./eval.js')).evalCommand(),
  },
  serve: {
    term: 'serve [options] <model>',
    description: "serve a trained model over HTTP: OpenAI's API, and a page to try it",
    load: async () => (await import('./serve.js')).serveCommand(),
  },
  import: {
    term: 'import',
    description: 'import a model from another format as a checkpoint',
    load: async () => (await import('./convert.js')).importCommand(),
  },
  export: {
    term: 'export',
    description: 'export a trained model to another format',
    load: async () => (await import('./convert.js')).exportCommand(),
  },
  ablate: {
    term: 'ablate [options] <spec>',
    description: 'compare variants of a model, such as attention kinds, on equal tokens over several seeds',
    load: async () => (await import('./ablate.js')).ablateCommand(),
  },
  speedrun: {
    term: 'speedrun [options] <spec>',
    description: 'measure the time to a validation loss: recipes against the record, over several seeds',
    load: async () => (await import('./speedrun.js')).speedrunCommand(),
  },
  demo: {
    term: 'demo [options]',
    description: 'run all steps on real text: tokenizer, data, config, training, samples',
    load: async () => (await import('./demo.js')).demoCommand(),
  },
  init: {
    term: 'init <folder>',
    description: 'create a project: package.json, tsconfig.json, the lessons, configs, an example',
    load: async () => (await import('./init.js')).initCommand(),
  },
  setup: {
    term: 'setup [options]',
    description: "install XLA and the demo's texts for this user; with --notebooks also JupyterLab for this folder",
    load: async () => (await import('./setup.js')).setupCommand(),
  },
  kernel: {
    term: 'kernel',
    description: 'the notebook kernel',
    load: async () => (await import('./notebooks.js')).kernelCommand(),
  },
  lab: {
    term: 'lab [arguments...]',
    description: "start this folder's JupyterLab (.venv) with the lessons",
    load: async () => (await import('./notebooks.js')).labCommand(),
  },
  site: {
    term: 'site <folder>',
    description: 'write the lessons as a static site, which runs them in the browser',
    load: async () => (await import('./site.js')).siteCommand(),
  },
  doctor: {
    term: 'doctor [options]',
    description: 'check which engines work here, and how to install missing ones',
    load: async (version) => (await import('./doctor.js')).doctorCommand(version),
  },
}

/** The command that these arguments name, as in `neomesh train ...` and `neomesh help train`. */
export function commandNamed(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((arg) => !arg.startsWith('-'))
  return first === 'help' ? second : first
}
