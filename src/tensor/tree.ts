/** A leaf, or arrays and plain objects of trees: how parameters, optimizer state and batches are held. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> }

/** The same tree with leaves of another type. */
export type Mapped<X, From, To> = X extends From
  ? To
  : X extends object
    ? { [K in keyof X]: Mapped<X[K], From, To> }
    : never

type IsLeaf<T> = (x: unknown) => x is T

/** Leaves in order: arrays by index, objects by insertion. Throws TypeError for anything else, with its path. */
export function leavesOf<T>(tree: unknown, isLeaf: IsLeaf<T>): T[] {
  const leaves: T[] = []
  collect(tree, isLeaf, leaves, '')
  return leaves
}

/** Without making anything but the list: this runs at every step, over hundreds of leaves. */
function collect<T>(tree: unknown, isLeaf: IsLeaf<T>, into: T[], path: string): void {
  if (isLeaf(tree)) into.push(tree)
  else if (Array.isArray(tree)) for (let i = 0; i < tree.length; i++) collect(tree[i], isLeaf, into, path)
  else if (isPlain(tree)) for (const key in tree) collect(tree[key], isLeaf, into, key)
  else
    throw new TypeError(
      `a tree holds tensors, arrays and plain objects; at "${path || 'its top'}" there is ${describe(tree)}`,
    )
}

/** Whether two trees have the same arrays and keys in the same order, and `equal` leaves. */
export function sameTree<T>(a: unknown, b: unknown, isLeaf: IsLeaf<T>, equal: (x: T, y: T) => boolean): boolean {
  if (isLeaf(a)) return isLeaf(b) && equal(a, b)
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((child, i) => sameTree(child, b[i], isLeaf, equal))
  if (!isPlain(a) || !isPlain(b)) return false
  const keys = Object.keys(b)
  let at = 0
  for (const key in a) if (keys[at++] !== key || !sameTree(a[key], b[key], isLeaf, equal)) return false
  return at === keys.length
}

function isPlain(x: unknown): x is Record<string, unknown> {
  if (x === null || typeof x !== 'object') return false
  const prototype: unknown = Object.getPrototypeOf(x)
  return prototype === Object.prototype || prototype === null
}

/** Paths of the leaves, such as `params.wte` or `batch[0]`, in the order of `leavesOf`. */
export function pathsOf<T>(tree: unknown, isLeaf: IsLeaf<T>): string[] {
  const paths: string[] = []
  mapLeaves(tree, isLeaf, (_, path) => paths.push(path))
  return paths
}

/** A tree of the same structure with each leaf replaced. */
export function mapLeaves<T, X, R>(
  tree: X,
  isLeaf: IsLeaf<T>,
  f: (leaf: T, path: string) => R,
  path = '',
): Mapped<X, T, R> {
  if (isLeaf(tree)) return f(tree, path) as Mapped<X, T, R>
  if (Array.isArray(tree))
    return tree.map((child, i) => mapLeaves(child, isLeaf, f, `${path}[${i}]`)) as Mapped<X, T, R>
  if (isPlain(tree))
    return Object.fromEntries(
      Object.entries(tree).map(([key, child]) => [key, mapLeaves(child, isLeaf, f, path ? `${path}.${key}` : key)]),
    ) as Mapped<X, T, R>
  throw new TypeError(
    `a tree holds tensors, arrays and plain objects; at "${path || 'its top'}" there is ${describe(tree)}`,
  )
}

/** A tree of the structure of `tree` filled with `leaves` in order. */
export function withLeaves<T, X, R>(tree: X, isLeaf: IsLeaf<T>, leaves: readonly R[]): Mapped<X, T, R> {
  let next = 0
  return mapLeaves(tree, isLeaf, () => leaves[next++])
}

function describe(x: unknown): string {
  if (x === null || typeof x !== 'object') return String(x)
  return `a ${x.constructor?.name ?? 'object'}`
}
