/** Requests that are wrong, made from a seed: as HTTP, as JSON, and as requests of the API. */
import { gzipSync } from 'node:zlib'

export interface Malformed {
  readonly kind: string
  /** The bytes of the request, as a client writes them. */
  readonly bytes: Buffer
}

/** Integers from 0 below a number, from a seed. */
export function randomIntegers(seed: number): (below: number) => number {
  let state = seed
  return (below) => (state = (state * 48271) % 2147483647) % below
}

const PATHS = ['/v1/completions', '/v1/chat/completions', '/tokenize', '/detokenize']

/** `count` requests; each kind comes up as often as any other. */
export function malformedRequests(count: number, seed: number): Malformed[] {
  const next = randomIntegers(seed)
  const pick = <T>(items: readonly T[]): T => items[next(items.length)]
  const text = (length: number, from: string) => Array.from({ length }, () => from[next(from.length)]).join('')
  const kinds = Object.entries(makers(next, pick, text))
  return Array.from({ length: count }, (_, i) => {
    const [kind, make] = kinds[i % kinds.length]
    return { kind, bytes: Buffer.from(make()) }
  })
}

type Pick = <T>(items: readonly T[]) => T

function makers(next: (below: number) => number, pick: Pick, text: (length: number, from: string) => string) {
  const crlf = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`
  const host = 'host: 127.0.0.1'
  const close = 'connection: close'
  const posted = (body: string | Buffer, path = pick(PATHS), ...headers: string[]): Buffer => {
    const bytes = Buffer.from(body)
    const type = headers.some((line) => line.startsWith('content-type')) ? [] : ['content-type: application/json']
    return Buffer.concat([
      Buffer.from(crlf(`POST ${path} HTTP/1.1`, host, close, ...type, `content-length: ${bytes.length}`, ...headers)),
      bytes,
    ])
  }
  const completion = (fields: object) => posted(JSON.stringify({ prompt: 'the', max_tokens: 2, ...fields }), PATHS[0])
  const chat = (fields: object) => posted(JSON.stringify(fields), PATHS[1])
  const valid = '{"prompt":"the state","max_tokens":3,"logit_bias":{"5":1},"stop":["a","b"]}'
  const odd: unknown[] = [-1, 1.5, 'x', true, [], {}, [[]], 1e300, '1', [null], { a: { b: [] } }]
  const numbers = ['temperature', 'top_p', 'min_p', 'presence_penalty', 'frequency_penalty', 'repetition_penalty']
  const integers = ['max_tokens', 'n', 'seed', 'logprobs', 'top_k']
  return {
    // HTTP
    'random bytes': () => Buffer.from(Array.from({ length: 20 + next(200) }, () => 128 + next(128))),
    'a TLS hello': () =>
      Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, ...Array.from({ length: 60 }, () => next(256))]),
    'a request line that is none': () => crlf(text(1 + next(30), 'abc XYZ/:?'), host),
    'another version': () => crlf(`GET /health HTTP/${pick(['3.0', '1.7', 'x', '1', '11.1'])}`, host, close),
    'a preface of HTTP/2': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'an unknown method': () => crlf(`${pick(['BREW', 'get', 'FOO', 'P0ST'])} /v1/models HTTP/1.1`, host, close),
    'a method that the path lacks': () =>
      crlf(`${pick(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'GET'])} /v1/completions HTTP/1.1`, host, close),
    CONNECT: () => crlf('CONNECT example.com:443 HTTP/1.1', 'host: example.com:443'),
    'a header without colon': () => crlf('GET /health HTTP/1.1', host, text(8, 'abc '), close),
    'a header with a NUL': () => crlf('GET /health HTTP/1.1', host, `x: a\0${text(3, 'abc')}`, close),
    'headers that are too large': () =>
      crlf('GET /health HTTP/1.1', host, `x: ${'a'.repeat(20_000 + next(50_000))}`, close),
    'no host': () => crlf('GET /v1/models HTTP/1.1', close),
    'a host that is none': () =>
      crlf('GET /v1/models HTTP/1.1', `host: ${pick(['a b', '/', 'x:y:z', '%%', '[::1'])}`, close),
    'the host of another site': () => crlf('GET /v1/models HTTP/1.1', `host: ${text(5, 'abcde')}.example`, close),
    'the page of another site': () =>
      crlf(
        'GET /v1/models HTTP/1.1',
        host,
        `origin: ${pick(['https://a.example', 'null', 'http://127.0.0.1:1'])}`,
        close,
      ),
    'a path that is none': () => crlf(`GET /${pick(['%', '%zz', '%c3%28', '%'])} HTTP/1.1`, host, close),
    'an unknown path': () => crlf(`GET /${text(1 + next(12), 'abcdef/.')}x HTTP/1.1`, host, close),
    'a path that is too long': () => crlf(`GET /v1/models/${'a'.repeat(200 + next(3000))} HTTP/1.1`, host, close),
    'a length that is none': () =>
      crlf('POST /v1/completions HTTP/1.1', host, `content-length: ${pick(['-1', 'abc', '1, 2', '0x10', ''])}x`, close),
    'two lengths': () =>
      `${crlf('POST /v1/completions HTTP/1.1', host, 'content-length: 5', 'content-length: 6')}{}    `,
    'a length and chunks': () =>
      `${crlf('POST /v1/completions HTTP/1.1', host, 'content-length: 5', 'transfer-encoding: chunked')}0\r\n\r\n`,
    'chunks that are none': () =>
      `${crlf('POST /tokenize HTTP/1.1', host, 'content-type: application/json', 'transfer-encoding: chunked')}${text(4, 'xyz')}\r\n{}\r\n`,
    'an unknown expectation': () =>
      crlf('POST /tokenize HTTP/1.1', host, 'expect: a-miracle', 'content-length: 2', close),
    // bodies
    'no body': () =>
      crlf(`POST ${pick(PATHS)} HTTP/1.1`, host, close, 'content-type: application/json', 'content-length: 0'),
    'a body of another type': () =>
      posted(
        valid,
        PATHS[0],
        `content-type: ${pick(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'a'])}`,
      ),
    'a compressed body': () => posted(gzipSync(valid), PATHS[0], 'content-encoding: gzip'),
    'a body that is cut': () => posted(valid.slice(0, 1 + next(valid.length - 1)), PATHS[0]),
    'a body with a foreign byte': () =>
      posted(
        valid.replace(/[{:,[]/, () => pick(['\0', '\u00ff', ';', '\\'])),
        PATHS[0],
      ),
    'a body of random bytes': () => posted(Buffer.from(Array.from({ length: 1 + next(300) }, () => next(256)))),
    'a body in UTF-16': () => posted(Buffer.from(valid, 'utf16le'), PATHS[0]),
    'a body that is too large': () => posted(`{"prompt":"${'a'.repeat(4.5 * 2 ** 20)}"}`, PATHS[0]),
    'a body that nests': () => posted(`{"prompt":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, PATHS[0]),
    'a body with __proto__': () => posted('{"__proto__":{"stream":true},"prompt":"a"}'),
    'a body that is no object': () => posted(JSON.stringify(pick([null, [], 'a', 5, true, [[]], ['the']]))),
    'a NaN': () => posted('{"prompt":"a","temperature":NaN}', PATHS[0]),
    // the API
    'a number that is none': () => completion({ [pick(numbers)]: pick([-1e9, 'x', true, [], {}, '0.5']) }),
    'an integer that is none': () => completion({ [pick(integers)]: pick([-7, 1.5, 'x', true, [], {}, 1e300]) }),
    'a flag that is none': () => completion({ [pick(['stream', 'echo'])]: pick([0, 1, 'true', [], {}]) }),
    'a prompt that is none': () =>
      completion({ prompt: pick([1, true, {}, [], [[]], [{}], [1, 'a'], [-1], [1e9], [1.5], ['a', 1]]) }),
    'a prompt that is too long': () => completion({ prompt: Array.from({ length: 128 + next(500) }, () => next(300)) }),
    'too many tokens': () => completion({ max_tokens: 128 + next(1e9) }),
    'too many choices': () => completion({ prompt: Array(3).fill('the'), n: 128 }),
    'stops that are none': () =>
      completion({ stop: pick<unknown>([1, {}, [''], ['a', 'b', 'c', 'd', 'e'], [1], '', 'x'.repeat(2000)]) }),
    'biases that are none': () =>
      completion({
        logit_bias: pick<unknown>([[], 'a', 1, { a: 1 }, { 999: 1 }, { '-1': 1 }, { 1: 'x' }, { 1: 1e9 }]),
      }),
    'another model': () => completion({ model: pick<unknown>(['gpt-4', '', 7, {}, ['tiny'], '../tiny']) }),
    'an unknown field': () => completion({ [text(6, 'abcdef')]: pick(odd) }),
    'an unsupported field': () => completion({ [pick(['suffix', 'best_of'])]: pick([2, 'x', {}]) }),
    'stream_options that are none': () =>
      completion({ stream: true, stream_options: pick([1, 'a', [], { a: 1 }, { include_usage: 1 }]) }),
    'messages that are none': () =>
      chat({ messages: pick<unknown>([1, 'a', {}, [], [1], [{}], [{ role: 'user' }], [{ role: 'x', content: 'a' }]]) }),
    'ids that are none': () =>
      posted(JSON.stringify({ tokens: pick<unknown>([1, 'a', [1e9], [-1], [0.5], ['a'], [null]]) }), '/detokenize'),
    'a text that is none': () =>
      posted(JSON.stringify({ prompt: pick<unknown>([1, [], {}, ['a'], true]) }), '/tokenize'),
  }
}
