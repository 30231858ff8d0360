/** Functions that worker.ts runs in a browser. They import nothing of Node. */
import { cases } from './suite.js'
import { lesson as runLesson, type LessonOptions, type Modules } from './lesson.js'

export { lesson } from './lesson.js'

/** The cases of test/files/suite.ts; returns what failed. */
export async function suite({ 'neomesh/files': files }: Modules): Promise<string[]> {
  const failed: string[] = []
  for (const [i, [name, run]] of Object.entries(cases).entries()) {
    const folder = `/suite/${i}`
    await files.makeFolder(folder)
    await run({ files, folder }).catch((error: Error) => failed.push(`${name}: ${error.stack}`))
  }
  if (Object.keys(cases).length < 10) failed.push('few cases')
  return failed
}

/** The lesson, and which threads the engine had. */
export async function threads(modules: Modules, options: LessonOptions): Promise<unknown> {
  const { neomesh } = modules
  const engine = (await neomesh.openEngine({ engine: 'host' })) as unknown as { started: number; description: string }
  const { losses } = await runLesson(modules, options)
  const { started, description } = engine
  return { losses, started, description }
}

/** Takes a lock and keeps it until the worker ends. */
export async function holdLock({ 'neomesh/files': files }: Modules, { path }: { path: string }): Promise<boolean> {
  return (await files.tryLock(path)) !== undefined
}

/** Who holds a lock, or `free`. */
export async function lockHolder({ 'neomesh/files': files }: Modules, { path }: { path: string }): Promise<string> {
  const lock = await files.tryLock(path)
  await lock?.release()
  return lock ? 'free' : (await files.lockHolder(path)).description
}

/** Writes so many bytes; returns the error's message, or what the file has then. */
export async function fill(
  { 'neomesh/files': files }: Modules,
  { path, bytes }: { path: string; bytes: number },
): Promise<string> {
  const contents = Uint8Array.from({ length: bytes }, (_, i) => (i * 2654435761) >>> 13)
  const message = await files.writeFileAtomic(path, contents).then(
    () => 'written',
    (error: Error) => `${error.name}: ${error.message}`,
  )
  return `${message}; ${(await files.stat(path)).size} bytes`
}

/** What the site serves: reading, and that it is not removed. */
export async function siteFiles({ neomesh: neo, 'neomesh/files': files }: Modules): Promise<unknown> {
  const models = await files.globFiles('configs/models/*.json')
  const texts = await neo.demoTexts()
  const refused = await files.remove('configs').catch((error: { code: string }) => error.code)
  const path = 'configs/models/tiny.json'
  const original = await files.readText(path)
  await files.writeFileAtomic(path, '{}')
  const changed = await files.readText(path)
  await files.remove(path)
  return {
    models: models.length,
    texts: texts.length,
    first: (await files.readText(texts[0])).length,
    last: (await files.readText(texts.at(-1)!)).length,
    refused,
    changed,
    restored: (await files.readText(path)) === original,
    engine: (await neo.openEngine()).name,
    use: (await files.storageUse())!.quota > 0,
  }
}

/** Uploads into a folder by a field that the page shows, and downloads the folder: the link's HTML and the files. */
export async function transfer(
  { neomesh: neo, 'neomesh/files': files, 'neomesh/notebook': notebook }: Modules,
  { folder, show }: { folder: string; show: (html: string) => void },
): Promise<{ html: string; texts: string[] }> {
  const channel = Symbol.for('neomesh.kernel')
  ;(globalThis as unknown as Record<symbol, unknown>)[channel] = {
    display: (bundle: Record<string, string>) => show(bundle['text/html']),
    interruptSignal: () => new AbortController().signal,
  }
  const paths = await notebook.upload(folder)
  const texts = await Promise.all(paths.map(async (path) => `${path}: ${await files.readText(path)}`))
  const link = (await notebook.download(folder))[neo.DISPLAY]()
  return { html: link['text/html'] as string, texts }
}
