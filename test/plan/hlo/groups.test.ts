import assert from 'node:assert/strict'
import { test } from 'node:test'
import { axesOfGroups, axesOfPairs, groupsOf } from '../../../src/plan/hlo/groups.js'
import type { Instruction } from '../../../src/plan/hlo/module.js'

/** Of an instruction only what is asked for. */
const instruction = (fields: Partial<Instruction>) =>
  ({ listed: [], list: null, iota: null, mesh: null, ...fields }) as unknown as Instruction

/** Groups along axes of a mesh, by the coordinates of each device. */
function groupsAlong(sizes: readonly number[], inside: readonly number[]): number[][] {
  const total = sizes.reduce((a, b) => a * b, 1)
  const groups = new Map<string, number[]>()
  for (let device = 0; device < total; device++) {
    let rest = device
    const at = sizes.map(() => 0)
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      at[axis] = rest % sizes[axis]
      rest = Math.floor(rest / sizes[axis])
    }
    const key = at.filter((_, axis) => !inside.includes(axis)).join()
    groups.set(key, [...(groups.get(key) ?? []), device])
  }
  return [...groups.values()]
}

const meshes = [[8], [2, 3], [3, 1, 2], [2, 5, 3], [4, 2, 3, 2]]

test('groups in each of the four notations are those of the mesh, and their axes are found again', () => {
  for (const sizes of meshes) {
    const mesh = sizes.map((size, i) => ({ name: 'abcd'[i], size }))
    for (let mask = 1; mask < 2 ** sizes.length; mask++) {
      const inside = sizes.map((_, axis) => axis).filter((axis) => mask & (1 << axis))
      const size = inside.reduce((product, axis) => product * sizes[axis], 1)
      if (size === 1) continue
      const wanted = groupsAlong(sizes, inside)
      const count = wanted.length
      const outside = sizes.map((_, axis) => axis).filter((axis) => !inside.includes(axis))
      const iota = { groups: count, size, reshape: sizes, transpose: [...outside, ...inside] }
      const listed = wanted.map((ids) => ({ ids }))
      const forms = [
        instruction({ listed }),
        instruction({ list: { listed, iota: null } }),
        instruction({ list: { listed: [], iota } }),
        instruction({ iota }),
        instruction({
          mesh: { mesh: { axes: mesh, devices: [] }, axes: inside.map((axis) => ({ axis, part: null })) },
        }),
      ]
      for (const form of forms) {
        const groups = groupsOf(form, count * size)
        assert.deepEqual(groups, wanted)
        const names = inside.filter((axis) => sizes[axis] > 1).map((axis) => mesh[axis].name)
        assert.equal(axesOfGroups(groups, mesh), names.join(','))
      }
    }
  }
})

test('no groups are one of all; a part of an axis is no axis', () => {
  assert.deepEqual(groupsOf(instruction({}), 3), [[0, 1, 2]])
  const half = { mesh: { axes: [{ size: 8 }], devices: [] }, axes: [{ axis: 0, part: { before: 2, size: 2 } }] }
  const groups = groupsOf(instruction({ mesh: half }), 8)
  // The axis as [2, 2, 2], of which the middle is inside.
  assert.deepEqual(groups, [
    [0, 2],
    [1, 3],
    [4, 6],
    [5, 7],
  ])
  assert.equal(axesOfGroups(groups, [{ name: 'x', size: 8 }]), 'groups of 2')
})

test('a mesh whose axes are in another order than the devices', () => {
  const mesh = { mesh: { axes: [{ size: 2 }, { size: 2 }], devices: [3, 1, 0, 2] }, axes: [{ axis: 1, part: null }] }
  assert.deepEqual(groupsOf(instruction({ mesh }), 4), [
    [3, 1],
    [0, 2],
  ])
})

test('partners of a permute differ along axes', () => {
  const mesh = [
    { name: 'x', size: 2 },
    { name: 'y', size: 3 },
  ]
  const pairs = (...list: [number, number][]) => list.map(([source, target]) => ({ source, target }))
  assert.equal(axesOfPairs(pairs([0, 1], [1, 2], [2, 0]), mesh), 'y')
  assert.equal(axesOfPairs(pairs([0, 3], [4, 1]), mesh), 'x')
  assert.equal(axesOfPairs(pairs([0, 4]), mesh), 'x,y')
})
