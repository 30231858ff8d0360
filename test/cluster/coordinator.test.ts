/** The key-value server: many hosts in several processes, deadlines, hosts that end, never come or have no business here. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Coordinator, Member, type MemberOptions } from '../../src/cluster/index.js'

const SECRET = 'correct horse battery'
const text = (value: Uint8Array | null) => value && new TextDecoder().decode(value)
const bytes = (value: string) => new TextEncoder().encode(value)

async function withCoordinator(
  options: { hosts: number; joinSeconds?: number; silence?: number },
  body: (
    coordinator: Coordinator,
    join: (host: number, more?: Partial<MemberOptions>) => Promise<Member>,
  ) => Promise<void>,
): Promise<void> {
  const coordinator = await Coordinator.listen({ secret: SECRET, address: '127.0.0.1', ...options })
  const members: Member[] = []
  const join = async (host: number, more: Partial<MemberOptions> = {}) => {
    const address = `127.0.0.1:${coordinator.port}`
    const member = await Member.join({
      host,
      hosts: options.hosts,
      coordinator: address,
      secret: SECRET,
      joinSeconds: 5,
      ...more,
    })
    members.push(member)
    return member
  }
  try {
    await body(coordinator, join)
  } finally {
    await Promise.all(members.map((member) => member.leave()))
    await coordinator.close()
  }
}

function hostsProcess(
  first: number,
  count: number,
  hosts: number,
  port: number,
  keys: number,
  stays = false,
): ChildProcess {
  const script = fileURLToPath(new URL('./hosts-process.js', import.meta.url))
  const args = [first, count, hosts, port, keys].map(String)
  const env = { ...process.env, CLUSTER_TEST_SECRET: SECRET, ...(stays && { CLUSTER_TEST_STAYS: '1' }) }
  return spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

test('64 hosts in four processes write 10,048 keys and wait for those of each other', async () => {
  await withCoordinator({ hosts: 64 }, async ({ port }) => {
    const processes = [0, 16, 32, 48].map((first) => hostsProcess(first, 16, 64, port, 157))
    const statuses = await Promise.all(processes.map((each) => once(each, 'close')))
    assert.deepEqual(statuses, Array(4).fill([0, null]))
  })
})

test('a get waits for its key, up to its deadline; a later put is seen, the last one counts', async () => {
  await withCoordinator({ hosts: 2 }, async (_, join) => {
    const [a, b] = [await join(0), await join(1)]
    assert.equal(await a.get('k'), null)
    assert.equal(await a.get('k', 30), null)
    const waiting = a.get('k', 60_000)
    await b.put('k', bytes('one'))
    assert.equal(text(await waiting), 'one')
    await a.put('k', bytes('two'))
    assert.equal(text(await b.get('k')), 'two')
    const raw = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256)
    await a.put('binary\n"key"', raw)
    assert.deepEqual(Buffer.from((await b.get('binary\n"key"'))!), Buffer.from(raw))
    await a.put('empty', new Uint8Array(0))
    assert.equal((await b.get('empty'))!.byteLength, 0)
  })
})

test('a host that leaves ends no other; one that is killed ends all with one line, and its keys stay', async () => {
  const kills = Number(process.env.NEOMESH_KILLS ?? 5)
  for (let i = 0; i < kills; i++)
    await withCoordinator({ hosts: 4 }, async ({ port }, join) => {
      const reasons: Promise<string>[] = []
      const follow = (host: number) =>
        new Promise<Member>((resolve, reject) =>
          reasons.push(new Promise((heard) => void join(host, { onFailure: heard }).then(resolve, reject))),
        )
      const [a, b] = await Promise.all([follow(0), follow(1)])
      const leaving = await join(3)
      const victim = hostsProcess(2, 1, 4, port, 0, true)
      await once(victim.stdout!, 'data')
      await a.put('kept', bytes('yes'))
      await leaving.leave()
      const waiting = b.get('never', 600_000)
      const failed = assert.rejects(waiting, { name: 'ClusterError', message: /^host 2 is lost: / })
      setTimeout(() => victim.kill('SIGKILL'), (i * 37) % 50)
      for (const reason of await Promise.all(reasons))
        assert.equal(reason, 'host 2 is lost: its connection has closed: it has ended, or its network has failed')
      await failed
      await assert.rejects(a.put('more', bytes('')), /host 2 is lost/)
      // A later host hears of it at once, and what was written is there until then.
      const late = new Promise((heard) => void join(3, { onFailure: heard }))
      assert.match(String(await late), /^host 2 is lost/)
    })
})

test('a host that never comes: the others are told which', async () => {
  await withCoordinator({ hosts: 3, joinSeconds: 0.2 }, async (_, join) => {
    const reason = new Promise((heard) => void join(1, { onFailure: heard }))
    assert.equal(await reason, 'all 3 hosts must come within 0.2 s (missing: 0, 2)')
  })
})

test('a coordinator that ends, or never answers: one line', async () => {
  const coordinator = await Coordinator.listen({ hosts: 2, secret: SECRET, address: '127.0.0.1' })
  const reason = new Promise((heard) => {
    const options = { host: 1, hosts: 2, coordinator: `127.0.0.1:${coordinator.port}`, secret: SECRET }
    void Member.join({ ...options, onFailure: heard }).then(() => coordinator.close())
  })
  assert.equal(await reason, 'the coordinator on host 0 is lost: it has ended, or the network has failed')
  await assert.rejects(
    Member.join({ host: 1, hosts: 2, coordinator: '127.0.0.1:1', secret: SECRET, joinSeconds: 0.1 }),
    {
      name: 'ClusterError',
      message: /^the coordinator at 127\.0\.0\.1:1 must answer within 0\.1 s \(.*\)\. Check that host 0 runs/,
    },
  )
})

test('only the hosts of the run may join: the secret, the count, a number of its own', async () => {
  await withCoordinator({ hosts: 2 }, async (coordinator, join) => {
    await join(0)
    await assert.rejects(join(1, { secret: 'another secret of someone' }), /the secret must be that of the run/)
    await assert.rejects(
      join(1, { hosts: 3 }),
      /every host must state the same number of hosts \(host 0 states 2, host 1 states 3\)/,
    )
    await assert.rejects(join(0), /each host must have a number of its own \(host 0 is here twice\)/)
    await assert.rejects(join(2), /the number of a host must be from 0 to 1 \(got 2\)/)
    await assert.rejects(join(1, { secret: 'short' }), /must have at least 16 characters \(got 5\)/)
    await assert.rejects(join(1, { secret: undefined }), /\(got none\)\. Set NEOMESH_CLUSTER_SECRET/)
    const strangers = [
      'GET / HTTP/1.1\r\n\r\n',
      '{"host":1}\n',
      '[]\n',
      'null\n',
      `{"get":"k","id":1,"timeout":0}\n`,
      'x'.repeat(5000),
    ]
    for (const stranger of strangers) {
      const socket = connect(coordinator.port, '127.0.0.1')
      socket.on('error', () => {})
      let heard = ''
      socket.setEncoding('utf8').on('data', (data: string) => (heard += data))
      socket.write(stranger)
      await once(socket, 'close')
      assert.match(heard, /^(\{"challenge":"[0-9a-f]{64}"\}\n)?(\{"refused":"[^\n]*"\}\n)?$/, stranger)
    }
    assert.equal(coordinator.connected, 1)
  })
})
