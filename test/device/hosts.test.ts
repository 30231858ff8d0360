/**
 * One GPU plays several hosts: XLA's mock of NCCL answers each collective at once with what is in the buffers, so numbers mean
 * nothing, but the program of all devices is compiled, loaded and run by the real client.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseModelConfig } from '../../src/config/index.js'
import { openXla } from '../../src/engine/index.js'
import { parsePlacement } from '../../src/mesh/index.js'
import { Trainer } from '../../src/train/index.js'
import { platform, skip } from './device.js'

const mocked = skip || (platform !== 'cuda' && 'only the CUDA plugin has a mock of NCCL')

for (const hosts of [2, 4])
  test(`a training step of ${hosts} hosts with one GPU each`, { skip: mocked }, async () => {
    const engine = await openXla({
      platform,
      // Slices, hosts of a slice, devices of a host; the processes are numbered from 0.
      client: { enable_mock_nccl: true, mock_gpu_topology: `1x${hosts}x1`, node_id: 0, num_nodes: hosts },
    })
    try {
      assert.equal(engine.deviceCount, hosts)
      const config = parseModelConfig(
        { n_vocab: 512, n_ctx: 64, n_embd: 64, n_head: 4, n_layer: 2, train_batch_size: 8, train_steps: 10 },
        'hosts',
      ).config
      const placed = engine.withPlacement(parsePlacement(`x:${hosts}`, 'batch:x'))
      const trainer = new Trainer(placed, config)
      await trainer.start(({ shape }) => Promise.resolve(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.01)))
      await trainer.prepare()
      const metrics = await trainer.trainOn(new Int32Array(8 * 65))
      await metrics.loss.readScalar()
    } finally {
      await engine.close()
    }
  })
