/** The distributions of the tasks, checked against what their papers say, from their data sets alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labelOf, tokenOfLabelled } from '../../src/data/index.js'
import { openTask, parseTask, taskDataset, taskNames } from '../../src/tasks/index.js'

async function rowsOf(given: Record<string, unknown>, split: 'train' | 'test', count: number) {
  const spec = parseTask(given)
  const data = taskDataset(spec, split)
  const rows = []
  for (let i = 0; i < count; i++) {
    const ids = [...(await data.read(i))]
    assert.equal(ids.length, spec.task.length + 1)
    rows.push({ tokens: ids.map(tokenOfLabelled), labels: ids.map(labelOf), groups: data.groups!(i) })
  }
  return { spec, rows }
}

test('every task: tokens and labels in the vocabulary, at most so many labels, groups for each or none', async () => {
  for (const name of taskNames)
    for (const split of ['train', 'test'] as const) {
      const { spec, rows } = await rowsOf({ name, examples: 50, test_examples: 50 }, split, 50)
      for (const { tokens, labels, groups } of rows) {
        const known = labels.filter((label) => label >= 0)
        assert.ok(known.length > 0 && known.length <= spec.task.labels[split], name)
        assert.ok(
          [...tokens, ...known].every((id) => id >= 0 && id < spec.task.vocabulary),
          name,
        )
        assert.ok(groups.length === 0 || groups.length === known.length, name)
        assert.equal(labels.at(-1), -1, 'the row has one more id than the sequence')
      }
    }
})

test('every task: equal seeds give equal rows in any order; other seeds and the other split other rows', async () => {
  for (const name of taskNames) {
    const make = (seed: number) => openTask(parseTask({ name, seed, examples: 40, test_examples: 40 }))
    const [one, same, other] = [make(3), make(3), make(4)]
    const text = async (data: typeof one.samples, i: number) => (await data.read(i)).join()
    for (const i of [7, 0, 39]) assert.equal(await text(one.samples, i), await text(same.samples, i), name)
    const all = (data: typeof one.samples) => Promise.all(Array.from({ length: 40 }, (_, i) => text(data, i)))
    const [train, test, others] = [await all(one.samples), await all(one.validation), await all(other.samples)]
    assert.ok(train.filter((row) => test.includes(row)).length < 4, `${name}: splits`)
    assert.ok(train.filter((row) => others.includes(row)).length < 4, `${name}: seeds`)
    assert.throws(() => one.samples.read(40), /from 0 to 39 \(got 40\)/)
  }
})

test('mqar: every query has one earlier key, its label is its value, keys and values are of their halves', async () => {
  const given = { name: 'mqar', length: 64, pairs: 8, vocabulary: 512, random_non_queries: false }
  const { rows } = await rowsOf(given, 'train', 200)
  for (const { tokens, labels, groups } of rows) {
    const asked = labels.flatMap((label, i) => (label < 0 ? [] : [i]))
    assert.equal(asked.length, 8)
    asked.forEach((at, n) => {
      assert.ok(at >= 16 && at % 2 === 0)
      const keys = tokens.slice(0, 16).flatMap((token, i) => (i % 2 === 0 && token === tokens[at] ? [i] : []))
      assert.equal(keys.length, 1)
      assert.equal(labels[at], tokens[keys[0] + 1])
      assert.ok(tokens[at] >= 1 && tokens[at] < 256 && labels[at] >= 256 && labels[at] < 512)
      const [low, high] = groups[n].match(/\d+/g)!.map(Number)
      const distance = at - keys[0]
      assert.ok(distance >= low && distance <= (high ?? low), `${distance} in ${groups[n]}`)
    })
    assert.equal(new Set(asked.map((at) => tokens[at])).size, 8)
    assert.equal(new Set(asked.map((at) => labels[at])).size, 8)
    assert.ok(tokens.every((token, i) => i < 16 || asked.includes(i) || token === 0))
  }
})

test('mqar: with one pair gaps follow a j^(a - 1), and a = 1 is uniform', async () => {
  for (const power of [0.01, 1]) {
    const { rows } = await rowsOf({ name: 'mqar', length: 34, pairs: 1, vocabulary: 64, power }, 'train', 4000)
    const counts = new Array<number>(16).fill(0)
    for (const { labels } of rows) counts[(labels.findIndex((label) => label >= 0) - 2) / 2]++
    const law = counts.map((_, j) => power * (j + 1) ** (power - 1))
    const total = law.reduce((a, b) => a + b)
    // Chi squared with 15 degrees of freedom is above 37.7 once in a thousand times.
    const chi = counts.reduce((sum, n, j) => sum + (n - (4000 * law[j]) / total) ** 2 / ((4000 * law[j]) / total), 0)
    assert.ok(chi < 37.7, `power ${power}: ${chi}`)
  }
})

test('mqar: a list of pairs draws one for each sequence and reports by it; random tokens fill the rest by default', async () => {
  const { rows } = await rowsOf({ name: 'mqar', pairs: [2, 8], vocabulary: 128 }, 'test', 100)
  const counts = rows.map(({ labels }) => labels.filter((label) => label >= 0).length)
  assert.deepEqual([...new Set(counts)].sort(), [2, 8])
  rows.forEach(({ groups }, i) => assert.ok(groups.every((group) => group === `${counts[i]} pairs`)))
  const zeros = rows.flatMap(({ tokens }) => tokens.slice(0, 64)).filter((token) => token === 0).length
  assert.ok(zeros < 100 * 64 * 0.03)
})

test('copying, induction, needle, memorisation: the label is what the sequence says it is', async () => {
  const copying = await rowsOf({ name: 'selective_copying', length: 40, tokens: 6 }, 'train', 100)
  for (const { tokens, labels } of copying.rows) {
    const shown = tokens.slice(0, 33).filter((token) => token < 14)
    assert.equal(tokens[33], 15)
    assert.deepEqual(labels.slice(34, 40), shown)
  }
  const { rows } = await rowsOf({ name: 'induction', length: 30 }, 'train', 100)
  for (const { tokens, labels } of rows) {
    const triggers = tokens.slice(0, 30).flatMap((token, i) => (token === 15 ? [i] : []))
    assert.deepEqual([triggers.length, triggers[1]], [2, 29])
    assert.equal(labels[29], tokens[triggers[0] + 1])
  }
  const needles = await rowsOf({ name: 'needle', length: 50, vocabulary: 31, needles: 3, depth: 0.5 }, 'test', 100)
  for (const { tokens, labels } of needles.rows) {
    const key = tokens[49]
    const at = tokens.findIndex((token, i) => token === 30 && tokens[i + 1] === key)
    assert.ok(at < 47 && labels[49] === tokens[at + 2])
    assert.equal(tokens.slice(0, 50).filter((token) => token === 30).length, 4)
  }
  const values = new Map<number, number>()
  for (const split of ['train', 'test'] as const)
    for (const { tokens, labels } of (await rowsOf({ name: 'memorisation', vocabulary: 41 }, split, 100)).rows)
      labels.forEach((label, i) => {
        if (label < 0) return
        assert.equal(tokens[i], 40)
        const key = tokens[i - 1]
        assert.equal(values.get(key) ?? label, label, 'the same in all sequences')
        values.set(key, label)
      })
  assert.equal(new Set(values.values()).size, 20)
})

test('recall of MAD: the test asks for values of keys seen before, training for every token', async () => {
  for (const name of ['in_context_recall', 'noisy_recall']) {
    const { rows } = await rowsOf({ name, length: 64 }, 'test', 100)
    let noise = 0
    for (const { tokens, labels } of rows) {
      const known = new Map<number, number>()
      for (let i = 0; i < 64; i += 2) {
        if (tokens[i] >= 16) noise++
        else {
          assert.equal(labels[i], known.has(tokens[i]) ? tokens[i + 1] : -1)
          assert.equal(known.get(tokens[i]) ?? tokens[i + 1], tokens[i + 1])
          known.set(tokens[i], tokens[i + 1])
        }
        assert.equal(labels[i + 1], -1)
      }
      assert.ok(labels[62] >= 0)
    }
    const expected = name === 'noisy_recall' ? 0.2 * (30 / 32) : 0
    assert.ok(Math.abs(noise / 3200 - expected) < 0.03, `${name}: ${noise / 3200}`)
    const train = await rowsOf({ name, length: 64 }, 'train', 5)
    for (const { tokens, labels } of train.rows) assert.deepEqual(labels.slice(0, 63), tokens.slice(1, 64))
  }
  const fuzzy = await rowsOf({ name: 'fuzzy_recall', length: 64 }, 'test', 100)
  for (const { tokens, labels } of fuzzy.rows) {
    const text = tokens.slice(0, 64)
    const probe = labels.lastIndexOf(labels.findLast((label) => label >= 0)!)
    assert.equal(probe, 63, 'the last value is asked for')
    labels.forEach((label, i) => assert.ok(label < 0 || i === 63 || text[i + 1] === label))
    // A key of three tokens, then a value whose tokens are asked for: the same key and value came before.
    const start = labels.findLastIndex((label, i) => label >= 0 && labels[i - 1] < 0)
    const key = text.slice(start - 2, start + 1).join()
    const earlier = text.findIndex((_, i) => text.slice(i, i + 3).join() === key)
    assert.ok(earlier >= 0 && earlier < start - 2)
    assert.equal(text[earlier + 3], labels[start])
  }
})

test('parity and S5: labels are states so far, lengths are between the limits, and the last label alone if asked', async () => {
  const { rows } = await rowsOf({ name: 'parity', length: 20, min_length: 5 }, 'train', 200)
  const lengths = new Set<number>()
  for (const { tokens, labels } of rows) {
    const length = tokens.indexOf(2)
    lengths.add(length)
    let ones = 0
    for (let i = 0; i < length; i++) assert.equal(labels[i], (ones += tokens[i]) % 2)
    assert.ok(labels.slice(length).every((label) => label < 0))
  }
  assert.deepEqual([Math.min(...lengths), Math.max(...lengths)], [5, 20])
  const last = await rowsOf({ name: 'parity', labels: 'last' }, 'train', 20)
  for (const { labels } of last.rows) assert.equal(labels.filter((label) => label >= 0).length, 1)

  // Permutations in lexicographic order, composed here as functions.
  const words = await rowsOf({ name: 's5', length: 12, min_length: 12 }, 'train', 30)
  const all: number[][] = []
  for (let n = 0; n < 5 ** 5; n++) {
    const digits = [...n.toString(5).padStart(5, '0')].map(Number)
    if (new Set(digits).size === 5) all.push(digits)
  }
  for (const { tokens, labels } of words.rows) {
    let state = [0, 1, 2, 3, 4]
    for (let i = 0; i < 12; i++) {
      const by = all[tokens[i]]
      state = state.map((x) => by[x])
      assert.deepEqual(all[labels[i]], state)
    }
  }
})

test('settings that do not fit are reported at once, by name', () => {
  const fails = (given: unknown, ...words: RegExp[]) =>
    assert.throws(
      () => parseTask(given),
      (error: Error) => words.every((word) => word.test(error.message)) || assert.fail(error.message),
    )
  fails({ name: 'mqar', pairs: 17 }, /pairs: must be at most length \/ 4 = 16 \(got 17\)/)
  fails({ name: 'mqar', length: 63, pairs: 16 }, /length: must be even \(got 63\)/, /pairs: must be at most/)
  fails({ name: 'mqar', vocabulary: 40_000 }, /vocabulary: must be at most 32768 \(got 40000\)/)
  fails({ name: 'mqarr' }, /name: must be one of mqar, induction/)
  fails({ name: 'parity', min_length: 50 }, /min_length: must be at most length 40 \(got 50\)/)
  fails({ name: 'mqar', pair: 4 }, /pair: no such key.*pairs/)
  fails(7, /must be a task's name/)
  assert.equal(parseTask('mqar').settings.pairs, 4)
})

test('compression: random tokens and the compression token; each position asks for its own, by the distance from the end', async () => {
  const { spec, rows } = await rowsOf({ name: 'compression', length: 20, vocabulary: 9 }, 'train', 300)
  assert.deepEqual(spec.task.model, { auto_encoder: true })
  const counts = new Array<number>(8).fill(0)
  for (const { tokens, labels, groups } of rows) {
    assert.deepEqual(labels.slice(0, 20), tokens.slice(0, 20))
    assert.equal(tokens[19], 8)
    for (const token of tokens.slice(0, 19)) counts[token]++
    assert.deepEqual(
      [groups[19], groups[18], groups[12], groups[0]],
      ['distance 0', 'distance 1', 'distance 4-7', 'distance 16-31'],
    )
  }
  const each = (300 * 19) / 8
  // Chi squared with 7 degrees of freedom is above 24.3 once in a thousand times.
  assert.ok(counts.reduce((sum, n) => sum + (n - each) ** 2 / each, 0) < 24.3, counts.join())
  assert.throws(() => parseTask({ name: 'compression', length: 1 }), /length: must be at least 2 \(got 1\)/)
})
