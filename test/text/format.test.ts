import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bytes,
  compact,
  duration,
  fixed,
  grouped,
  milliseconds,
  percent,
  plural,
  scientific,
  short,
  signed,
} from '../../src/text/index.js'

test('numbers: thousands, decimals, signs, powers of ten', () => {
  assert.deepEqual([grouped(1234567), grouped(0.5), grouped(1e-7)], ['1,234,567', '0.5', '0'])
  assert.deepEqual([fixed(1.2, 3), signed(1.2, 2), signed(-1.2, 2)], ['1.200', '+1.20', '−1.20'])
  assert.deepEqual([scientific(1234567, 2), scientific(0, 2)], ['1.23e6', '0.00e0'])
  assert.deepEqual([percent(0.1234), percent(1, 0)], ['12.3%', '100%'])
})

test('counts with their noun', () => {
  assert.deepEqual(
    [plural(0, 'token'), plural(1, 'token'), plural(1200, 'token')],
    ['0 tokens', '1 token', '1,200 tokens'],
  )
})

test('numbers of any size: four digits on axes, three in reports', () => {
  assert.deepEqual([0, 0.05, 12, 2500, 20_000, -1.5e6, 2e12].map(compact), [
    '0',
    '0.05',
    '12',
    '2500',
    '20k',
    '-1.5M',
    '2T',
  ])
  assert.deepEqual([35, 2500, 819_900, 1.5e6, 2e9].map(short), ['35', '2.5k', '820k', '1.5M', '2G'])
})

test('times: waiting in hours, minutes and seconds; computing in seconds and milliseconds', () => {
  assert.deepEqual([12.4, 185, 3720].map(duration), ['12 s', '3 min 05 s', '1 h 02 min'])
  assert.deepEqual(
    [milliseconds(1.254, 1), milliseconds(0.0125, 1), milliseconds(0.0125, 0)],
    ['1.25 s', '12.5 ms', '13 ms'],
  )
})

test('bytes: decimal units', () => {
  assert.deepEqual([999, 1500, 1.25e6, 3e9].map(bytes), ['999 B', '1.5 kB', '1.3 MB', '3.0 GB'])
})
