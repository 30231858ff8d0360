/** A process that plays several hosts for the tests: `put` writes its keys, and reads those of all hosts. */
import { Member } from '../../src/cluster/index.js'

const [first, count, hosts, port, keys] = process.argv.slice(2).map(Number)
const { CLUSTER_TEST_SECRET: secret = '' } = process.env
const members = await Promise.all(
  Array.from({ length: count }, (_, i) =>
    Member.join({ host: first + i, hosts, coordinator: `127.0.0.1:${port}`, secret, onFailure: () => {} }),
  ),
)
await Promise.all(
  members.map(async (member, i) => {
    // The gets of keys that others write later wait.
    const gets = Array.from({ length: keys }, (_, k) => member.get(`${(first + i + k) % hosts}/${k}`, 60_000))
    for (let k = 0; k < keys; k++) await member.put(`${first + i}/${k}`, new TextEncoder().encode(`${first + i} ${k}`))
    for (const [k, got] of (await Promise.all(gets)).entries())
      if (new TextDecoder().decode(got!) !== `${(first + i + k) % hosts} ${k}`)
        throw new Error(`host ${first + i}, key ${k}`)
  }),
)
process.stdout.write('done\n')
if (process.env.CLUSTER_TEST_STAYS) await new Promise(() => setInterval(() => {}, 1000))
await Promise.all(members.map((member) => member.leave()))
