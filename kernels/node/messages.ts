/** Messages of Jupyter's protocol on the wire: routing frames, a delimiter, a signature, then header and content. */
import { createHmac, timingSafeEqual } from 'node:crypto'

const DELIMITER = Buffer.from('<IDS|MSG>')

/** Type of a message; '' where it cannot be read. */
export function typeOf(frames: readonly Buffer[]): string {
  const delimiter = frames.findIndex((frame) => frame.equals(DELIMITER))
  try {
    return JSON.parse(frames[delimiter + 2].toString('utf8')).msg_type
  } catch {
    return ''
  }
}

/** Content of a message; null where its signature is wrong. */
export function readFrames(given: readonly Uint8Array[], key: string): Record<string, unknown> | null {
  const frames = given.map((frame) => Buffer.from(frame))
  const delimiter = frames.findIndex((frame) => frame.equals(DELIMITER))
  const [signature, ...parts] = frames.slice(delimiter + 1)
  if (delimiter < 0 || parts.length < 4) return null
  if (key !== '') {
    const signed = createHmac('sha256', key)
    for (const part of parts.slice(0, 4)) signed.update(part)
    const expected = Buffer.from(signed.digest('hex'))
    if (expected.length !== signature.length || !timingSafeEqual(expected, signature)) return null
  }
  return JSON.parse(parts[3].toString('utf8'))
}
