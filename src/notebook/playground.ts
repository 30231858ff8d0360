/** The playground of a model below a cell: the page of a server on this machine, in a frame. */
import type { LoadedModel, ModelFromCheckpoint } from '../generate/index.js'
import { escapeXml } from '../plot/index.js'
import { serve, type ServeOptions, type Server } from '#serve'
import { DISPLAY, type Displayable } from './display.js'

export interface PlaygroundOptions extends Omit<ServeOptions, 'framed'> {
  /** Height of the frame in pixels. @default 640 */
  readonly height?: number
}

export interface Playground extends Displayable {
  readonly url: string
  /** Ends the server; the frame stays without one. */
  close(): Promise<void>
}

/** A model has one server: a cell that runs again shows the same. */
const servers = new WeakMap<object, Promise<Server>>()

/**
 * Starts a server of the model on this machine, and shows its page in a frame; in a script, its address. It ends with the
 * kernel, or by `close`. Throws as `serve` does.
 *
 * @example
 * await playground(await loadModel(engine, 'runs/first/run'))
 */
export async function playground(
  model: LoadedModel & Partial<ModelFromCheckpoint>,
  { height = 640, ...options }: PlaygroundOptions = {},
): Promise<Playground> {
  const starting = servers.get(model) ?? serve(model, { ...options, framed: true })
  servers.set(model, starting)
  const server = await starting.catch((error: unknown) => {
    servers.delete(model)
    throw error
  })
  const { url } = server
  const frame =
    `<iframe src="${escapeXml(url)}/" title="playground" loading="lazy" ` +
    `style="width: 100%; height: ${Math.round(height)}px; border: 0"></iframe>`
  return {
    url,
    async close() {
      servers.delete(model)
      await server.close(0)
    },
    [DISPLAY]: () => ({ 'text/html': frame, 'text/plain': `the playground is at ${url}` }),
  }
}
