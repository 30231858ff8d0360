/** Cells that never end, each in its own way. Each says 'on' when it has begun. */
const on = "console.log('on')"
const wait = 'const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))'
const never = 'await new Promise(() => {})'

export const loops: Readonly<Record<string, string>> = {
  'a loop before any await': `${on}; while (true) {}`,
  'a loop after an await': `${on}; await 1; while (true) {}`,
  'a loop after a timer': `${wait}\n${on}; await wait(5); for (;;) {}`,
  'a loop without a block': `${on}; await 1; for (;;);`,
  'do while': `let i = 0\n${on}; await null; do { i++ } while (i >= 0)`,
  'a loop of awaits of values': `${on}; for (;;) await null`,
  'a loop of awaits of resolved promises': `${on}; for (;;) await Promise.resolve(1)`,
  'an await that is never resolved': `${on}; ${never}`,
  'a labelled loop': `${on}; await 1; outer: for (;;) { for (;;) { continue outer } }`,
  'an async function': `async function f() { await 1; while (true) {} }\n${on}; await f()`,
  'an async function that nobody awaits': `async function f() { await 1; while (true) {} }\n${on}; void f(); ${never}`,
  'an async arrow': `const f = async () => { await 1; for (;;) {} }\n${on}; await Promise.all([f(), f()])`,
  'the body of for await': `${on}; for await (const x of [1]) while (true) {}`,
  'a for await without end': `async function* g() { for (;;) yield 1 }\n${on}; for await (const x of g()) {}`,
  'a for await over a generator that loops': `async function* g(): AsyncGenerator<number> { await 1; for (;;) {} }\n${on}; for await (const x of g()) {}`,
  'a chain of promises': `const f = (): Promise<unknown> => Promise.resolve().then(f)\n${on}; await f()`,
  'a loop in then': `${on}; await Promise.resolve().then(() => { while (true) {} })`,
  'a chain of microtasks': `const f = () => queueMicrotask(f)\n${on}; f(); ${never}`,
  'a chain of ticks': `const f = () => process.nextTick(f)\n${on}; f(); ${never}`,
  'a loop in a timer': `${on}; setTimeout(() => { while (true) {} }, 5); ${never}`,
  'a loop in an immediate': `${on}; setImmediate(() => { while (true) {} }); ${never}`,
  'a loop in an event': `import { EventEmitter } from 'node:events'\nconst e = new EventEmitter(); e.on('x', () => { for (;;) {} })\n${on}; await 1; e.emit('x')`,
  'a callback of an array': `${on}; await 1; [1].forEach(() => { while (true) {} })`,
  'a comparison of a sort': `${on}; await 1; [3, 2, 1].sort(() => { for (;;) {} })`,
  'many callbacks': `${on}; await 1; Array.from({ length: 2 ** 32 - 1 }, () => 0)`,
  'a getter': `const o = { get x(): number { while (true) {} } }\n${on}; await 1; o.x`,
  'a generator without end': `function* g() { for (;;) yield 1 }\n${on}; await 1; for (const x of g());`,
  'a spread of a generator': `function* g() { let i = 0; while (i >= 0) { i++; if (i < 0) yield i } }\n${on}; await 1; [...g()]`,
  'a static block': `${on}; await 1; class A { static { while (true) {} } }`,
  'a constructor': `class A { constructor() { for (;;) {} } }\n${on}; await 1; new A()`,
  'a deep recursion': `const fib = (n: number): number => (n < 2 ? n : fib(n - 1) + fib(n - 2))\n${on}; await 1; fib(90)`,
  'a proxy': `const p = new Proxy({} as any, { get: () => { for (;;) {} } })\n${on}; await 1; p.x`,
  'a conversion to text': "const o = { toString(): string { for (;;) {} } }\nconsole.log('on'); await 1; `${o}`",
  'a loop that catches': `${on}; await 1; while (true) { try { JSON.parse('{') } catch {} }`,
  'awaits in a loop that catches': `${wait}\n${on}; for (;;) { try { await wait(20) } catch {} }`,
  'an await in a loop that catches': `${on}; for (;;) { try { ${never} } catch {} }`,
  'a regular expression': `${on}; await 1; /^(a+)+$/.test('a'.repeat(60) + 'b')`,
  'evaluated text': `${on}; await 1; eval('for (;;) {}')`,
  'a sleeping thread': `${on}; await 1; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`,
  'a child process': `import { execSync } from 'node:child_process'\n${on}; await 1; execSync('sleep 60')`,
}

/** A few of all kinds, for tests that are to be quick. */
export const someLoops = [
  'a loop after an await',
  'an async function',
  'the body of for await',
  'a chain of promises',
  'a loop in a timer',
  'awaits in a loop that catches',
  'a regular expression',
  'a child process',
]
