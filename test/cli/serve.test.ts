/** `neomesh serve`: its options and errors; test/serve has the server. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeServeWorld, post, startServe } from '../serve/world.js'
import { runHere } from './run-here.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-cli-serve-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('help has every option; errors are one line with status 1', async (t) => {
  const help = await runHere(['serve', '--help'])
  for (const option of ['--host', '--port', '--slots', '--queue', '--key-file', '--tokenizer', '--chat-template'])
    assert.ok(help.stdout.includes(option), option)
  writeFileSync(join(folder, 'empty'), '\n')
  writeFileSync(join(folder, 'spaces'), 'two words\n')
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  t.after(() => void taken.close())
  const { port } = taken.address() as AddressInfo
  const cases: [string[], RegExp][] = [
    [['--port', '70000'], /^neomesh: port must be an integer >= 0 and <= 65535 \(got 70000\)\n$/],
    [['--port', 'x'], /^neomesh: option '--port <number>' argument 'x' is invalid\. It must be an integer >= 0\./],
    [['--slots', '0'], /It must be an integer >= 1\./],
    [
      ['--port', String(port)],
      /^neomesh: cannot listen on 127\.0\.0\.1:\d+: another process uses this port\. Choose another one\n$/,
    ],
    [['--host', 'no.such.host.invalid'], /^neomesh: cannot listen on no\.such\.host\.invalid:/],
    [['--key-file', join(folder, 'none')], /^neomesh: cannot .*none: .*ENOENT/],
    [['--key-file', join(folder, 'empty')], /empty must have a key in it \(got an empty file\)\n$/],
    [['--key-file', join(folder, 'spaces')], /^neomesh: key must have visible ASCII characters only/],
    [['--port', '0'], /^neomesh: cannot open .*none|^neomesh: .*none/],
  ]
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runHere(['serve', join(folder, 'none'), ...args])
    assert.match(stderr, message)
    assert.deepEqual([code, stdout, stderr.trim().split('\n').length], [1, '', 1], stderr)
  }
})

test('a key and a chat template from files', async (t) => {
  const world = await makeServeWorld()
  t.after(() => world.remove())
  writeFileSync(join(folder, 'key'), 'the-key\n')
  writeFileSync(join(folder, 'chat.jinja'), '{% for m in messages %}{{ m.content }}{% endfor %}')
  const files = ['--key-file', join(folder, 'key'), '--chat-template', join(folder, 'chat.jinja')]
  const served = await startServe(world.model, ['--engine', 'host', ...files])
  try {
    const body = { messages: [{ role: 'user', content: 'the' }], max_tokens: 3 }
    const ask = (key: string) => post(`${served.url}/v1/chat/completions`, body, { authorization: `Bearer ${key}` })
    assert.deepEqual([(await ask('the-key')).status, (await ask('another')).status], [200, 401])
    assert.equal(served.stdout(), `serving tiny at ${served.url}\n`)
    assert.equal(served.stderr(), '')
  } finally {
    assert.equal(await served.stop('SIGHUP'), 129)
  }
})
