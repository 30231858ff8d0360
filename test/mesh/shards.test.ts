import assert from 'node:assert/strict'
import { test } from 'node:test'
import { axesOf, blockOf, coordinates, cut, owners, parsePlacement, paste, shardDims } from '../../src/mesh/index.js'
import { dim, sizeOf } from '../../src/tensor/index.js'
import { numbers } from '../tensor/check.js'

test('device numbers are row-major: the last axis runs fastest', () => {
  const { mesh } = parsePlacement('x:2,y:3', '')
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((device) => coordinates(mesh, device)),
    [
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
      [1, 2],
    ],
  )
})

test('the blocks of the owners make up any tensor, each number once, on any mesh', () => {
  const next = numbers(11)
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)]
  for (let round = 0; round < 300; round++) {
    const sizes = [pick([1, 2, 3, 4]), pick([1, 2]), pick([1, 2, 4])]
    const placement = parsePlacement(
      sizes.map((size, i) => `${'xyz'[i]}:${size}`).join(),
      [...'abcd'].map((name) => `${name}:${pick(['x', 'y', 'z', 'none'])}`).join(),
    )
    const names = [...'abcd'].slice(0, 1 + Math.floor(next() * 4))
    const dims = names.map((name) => dim(name, pick([1, 2, 3, 4, 8, 12])))
    const axes = axesOf(placement, dims, 'computation')
    const { mesh } = placement
    const data = Float32Array.from({ length: sizeOf(dims) }, (_, i) => i)
    const seen = new Float32Array(data.length).fill(-1)
    let count = 0
    for (const device of owners(axes, mesh)) {
      const block = blockOf(dims, axes, mesh, device)
      const shard = cut(data, dims, block)
      assert.equal(shard.length, sizeOf(shardDims(dims, axes, mesh)))
      count += shard.length
      paste(seen, dims, block, shard)
    }
    assert.equal(count, data.length)
    assert.deepEqual(seen, data)
    // The other devices hold what one of the owners holds.
    const held = owners(axes, mesh).map((device) => blockOf(dims, axes, mesh, device).starts.join())
    for (let device = 0; device < mesh.size; device++)
      assert.ok(held.includes(blockOf(dims, axes, mesh, device).starts.join()))
  }
})

test('a dim lies whole where its axis does not divide it, and where another dim of the tensor has the axis', () => {
  const placement = parsePlacement('x:4,y:2', 'heads:x,embd:x,vocab:y', 'embd:y')
  const axes = (names: [string, number][], role: 'computation' | 'parameters' = 'computation') =>
    axesOf(
      placement,
      names.map(([name, size]) => dim(name, size)),
      role,
    )
  assert.deepEqual(axes([['heads', 6]]), [null])
  assert.deepEqual(
    axes([
      ['embd', 8],
      ['heads', 8],
    ]),
    ['x', null],
  )
  assert.deepEqual(
    axes(
      [
        ['embd', 8],
        ['heads', 8],
      ],
      'parameters',
    ),
    ['y', 'x'],
  )
})
