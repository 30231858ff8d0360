import { provideKernel, type MimeBundle } from '../../src/notebook/kernel.js'

/** What has been shown, by display id, in order; `updates` counts how often each was drawn. */
export interface Shown {
  readonly id: string
  bundle: MimeBundle
  updates: number
}

/** Stands in for the kernel: takes what is shown. Says so if an update comes before what it updates, or the other way. */
export function fakeKernel(): Shown[] {
  const shown: Shown[] = []
  provideKernel({
    display(bundle, id, update) {
      const known = shown.find((each) => each.id === id)
      if (update !== (known !== undefined)) throw new Error(`display ${id}: update is ${update}`)
      if (known) Object.assign(known, { bundle, updates: known.updates + 1 })
      else shown.push({ id, bundle, updates: 1 })
    },
    interruptSignal: () => new AbortController().signal,
  })
  return shown
}

/** Throws unless the text is an element whose tags are closed in the right order. Returns how often each tag occurs. */
export function countElements(text: string): Map<string, number> {
  const open: string[] = []
  const counts = new Map<string, number>()
  for (const [, closing, name, attributes, selfClosing] of text.matchAll(
    /<(\/?)([\w-]+)((?:\s+[\w:-]+="[^"<>]*")*)\s*(\/?)>/g,
  )) {
    if (closing) {
      const last = open.pop()
      if (last !== name) throw new Error(`</${name}> closes <${last}>`)
      continue
    }
    counts.set(name, (counts.get(name) ?? 0) + 1)
    if (/NaN|undefined|Infinity/.test(attributes)) throw new Error(`<${name}${attributes}>`)
    if (!selfClosing) open.push(name)
  }
  if (open.length > 0) throw new Error(`<${open.join('> <')}> is not closed`)
  const rest = text.replace(/<\/?[\w-]+(?:\s+[\w:-]+="[^"<>]*")*\s*\/?>/g, '')
  if (/[<>]/.test(rest)) throw new Error(`not escaped: ${rest.slice(0, 100)}`)
  return counts
}
