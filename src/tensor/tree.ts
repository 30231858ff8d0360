/** A leaf, or arrays and plain objects of trees: how parameters, optimizer state and batches are held. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> }

/** The same tree with leaves of another type. */
export type Mapped<X, From, To> = X extends From ? To : X extends object ? { [K in keyof X]: Mapped<X[K], From, To> } : never

type IsLeaf<T> = (x: unknown) => x is T

/** Leaves in order: arrays by index, objects by insertion. Throws TypeError for anything else, with its path. */
export function leavesOf<T>(tree: unknown, isLeaf: IsLeaf<T>): T[] {
  const leaves: T[] = []
  mapLeaves(tree, isLeaf, (leaf) => leaves.push(leaf))
  return leaves
}

/** Paths of the leaves, such as `params.wte` or `batch[0]`, in the order of `leavesOf`. */
export function pathsOf<T>(tree: unknown, isLeaf: IsLeaf<T>): string[] {
  const paths: string[] = []
  mapLeaves(tree, isLeaf, (_, path) => paths.push(path))
  return paths
}

/** A tree of the same structure with each leaf replaced. */
export function mapLeaves<T, X, R>(tree: X, isLeaf: IsLeaf<T>, f: (leaf: T, path: string) => R, path = ''): Mapped<X, T, R> {
  if (isLeaf(tree)) return f(tree, path) as Mapped<X, T, R>
  if (Array.isArray(tree)) return tree.map((child, i) => mapLeaves(child, isLeaf, f, `${path}[${i}]`)) as Mapped<X, T, R>
  if (tree !== null && typeof tree === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(tree)))
    return Object.fromEntries(
      Object.entries(tree).map(([key, child]) => [key, mapLeaves(child, isLeaf, f, path ? `${path}.${key}` : key)]),
    ) as Mapped<X, T, R>
  throw new TypeError(`a tree holds tensors, arrays and plain objects; at "${path || 'its top'}" there is ${describe(tree)}`)
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
