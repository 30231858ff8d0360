/** Lessons 0 to 5 in Firefox, in JupyterLite's pages. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { noFirefox, runFirefox } from '../browser/run-firefox.js'
import { buildSite } from './classroom.js'
import { root } from './client.js'
import { HAS_RUN, query, SHOWN, type Shown } from './lessons.js'

const lessons = readdirSync(join(root, 'notebooks')).filter((name) => /^0[0-5].*\.ipynb$/.test(name))

/** Runs the lesson that is open, sends what its cells show, and opens the next one. Part of JupyterLite's page. */
const driver = `
  const lessons = ${JSON.stringify(lessons)}
  const pageOf = (name) => 'index.html?path=' + name + ${JSON.stringify(query)}
  const until = async (condition) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 300))
  }
  const send = (name, result) => fetch('/sent/' + name, { method: 'POST', body: JSON.stringify(result) })
  async function run() {
    const began = performance.now()
    await until(() => window.jupyterapp && document.querySelector('.jp-Notebook .jp-CodeCell'))
    const kernel = () => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel
    await until(() => kernel()?.connectionStatus === 'connected' && kernel().status === 'idle')
    await jupyterapp.commands.execute('notebook:run-all-cells')
    await until(() => ${HAS_RUN})
    const name = new URLSearchParams(location.search).get('path')
    await send(name, { shown: ${SHOWN}, isolated: crossOriginIsolated, seconds: (performance.now() - began) / 1000 })
    const next = lessons[lessons.indexOf(name) + 1]
    if (next === undefined) await send('end', null)
    else location.href = pageOf(next)
  }
  // The page is loaded once more to be isolated (start.ts).
  if (crossOriginIsolated) run().catch((error) => send('failed', String(error)).then(() => send('end', null)))`

test('lessons 0 to 5: all cells run in Firefox', { skip: noFirefox, timeout: 10 * 60_000 }, async (t) => {
  const site = await buildSite(t)
  const edit = (name: string, change: (text: string) => string) =>
    writeFileSync(join(site, name), change(readFileSync(join(site, name), 'utf8')))
  edit('jupyter-lite.json', (text) => text.replace('"exposeAppInBrowser": false', '"exposeAppInBrowser": true'))
  edit('notebooks/index.html', (text) => text.replace('</head>', '<script src="driver.js"></script></head>'))
  writeFileSync(join(site, 'notebooks/driver.js'), driver)

  const results = await runFirefox(t, site, `notebooks/index.html?path=${lessons[0]}${query}`)
  assert.equal(results.get('failed'), undefined)
  for (const name of lessons) {
    const { shown, isolated, seconds } = results.get(name) as { shown: Shown[]; isolated: boolean; seconds: number }
    t.diagnostic(`${name}: ${shown.length} cells, ${seconds.toFixed(1)} s`)
    assert.deepEqual(
      shown.filter(({ failed }) => failed),
      [],
      name,
    )
    assert.ok(shown.length > 5 && shown.every(({ prompt }) => /\d/.test(prompt)), `${name}: all were run`)
    assert.equal(isolated, true)
    // Lesson 2 shows a table of danfo.js, and says so where there is none.
    if (name.startsWith('02'))
      assert.ok(
        shown.some(({ text }) => text.includes('frame.describe()')),
        'danfo.js',
      )
  }
})
