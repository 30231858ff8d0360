/** How the library is bundled for a browser: options of esbuild, for a worker or a page that imports dist/src. */

/** Room entries of package.json that make no sense in a browser. */
export const NODE_ENTRIES: readonly string[] = ['neomesh/cloud', 'neomesh/serve', 'neomesh/web']

/**
 * Options of esbuild's `build`, to spread into others. Modules that need Node are replaced by the `browser` condition of
 * package.json's `imports`. `version`: neomesh's. `root`: folder of the package.
 */
export function browserBuild({ version, root }: { readonly version: string; readonly root: string }) {
  return {
    bundle: true,
    platform: 'browser' as const,
    conditions: ['browser'],
    target: 'es2022',
    // Names are shown in errors, and tables find rows by them.
    keepNames: true,
    inject: [`${root}/dist/src/browser/globals.js`],
    define: {
      'import.meta.url': 'globalThis.location.href',
      global: 'globalThis',
      NEOMESH_VERSION: JSON.stringify(version),
    },
  }
}
