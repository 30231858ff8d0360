/**
 * Runs first on every page of the site: registers the service worker, and loads the page once more through it, which
 * isolates the page: only then may a cell be interrupted in the middle of a loop, and the engine use threads.
 */
export {}

const script = document.currentScript as HTMLScriptElement
const root = new URL('.', script.src)
/** In the tab's memory, so that a page that cannot be isolated, such as one in a frame of another site, is not loaded forever. */
const RELOADED = 'neomesh: loaded through the service worker'

async function register(): Promise<ServiceWorker> {
  const address = new URL('service-worker.js?enableCache=false', root).href
  // Without this note JupyterLite takes the worker for that of an older version, and removes it.
  localStorage.setItem(`${address}-version`, script.dataset.jupyterlite ?? '')
  const container = navigator.serviceWorker
  const changed = new Promise((resolve) => container.addEventListener('controllerchange', resolve))
  await container.register(address, { scope: root.pathname })
  if (container.controller === null) await changed
  return container.controller!
}

const reload = () => {
  sessionStorage.setItem(RELOADED, 'yes')
  location.reload()
}

// Not offered on an address without https, except this machine's own: the site works there all the same.
if ('serviceWorker' in navigator) {
  if (!crossOriginIsolated && sessionStorage.getItem(RELOADED) === null) {
    window.stop() // what it has begun to load would be loaded twice
    register().then(reload, reload)
  } else {
    const loadAhead = () => void register().then((worker) => worker.postMessage('load ahead'), console.warn)
    // Once the first cell has run (extension.ts): a lesson that is open needs the network first.
    addEventListener('neomesh:ran', loadAhead, { once: true })
  }
}
