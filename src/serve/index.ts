/** A model as a server: OpenAI's API and a page to try it. */
export { serve, ServeError, startServer, type ServeOptions, type Server, type ServerOptions } from './serve.js'
export { openServedModel, type ModelOptions, type ServedModel } from './served-model.js'
export type { AppOptions } from './app.js'
