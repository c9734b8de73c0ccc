/**
 * @file Trees: nested plain records (and arrays) whose leaves are parameters, tensors or arrays. A leaf's name is its path, joined by dots,
 * which is also its name in a checkpoint.
 */

/** A nested record of leaves. */
export type Tree<L> = L | { readonly [key: string]: Tree<L> } | readonly Tree<L>[];

/** The same nesting with every leaf of type `From` replaced by `To`. */
export type MapLeaves<T, From, To> = T extends From ? To : { readonly [K in keyof T]: MapLeaves<T[K], From, To> };

/** Applies `f` to every leaf, keeping the nesting. `isLeaf` says where to stop. */
export function mapTree<T, From, To>(tree: T, isLeaf: (x: unknown) => x is From, f: (leaf: From, name: string) => To, path = ''): MapLeaves<T, From, To> {
  if (isLeaf(tree)) return f(tree, path) as MapLeaves<T, From, To>;
  const join = (key: string): string => (path === '' ? key : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((child, i) => mapTree(child, isLeaf, f, join(String(i)))) as MapLeaves<T, From, To>;
  if (typeof tree !== 'object' || tree === null) throw new TypeError(`"${path}" is neither a leaf nor a record`);
  return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, mapTree(child, isLeaf, f, join(key))])) as MapLeaves<T, From, To>;
}

/** The leaves in order, with their names. */
export function leavesOf<L>(tree: unknown, isLeaf: (x: unknown) => x is L): { name: string; leaf: L }[] {
  const out: { name: string; leaf: L }[] = [];
  mapTree(tree, isLeaf, (leaf, name) => { out.push({ name, leaf }); return null; });
  return out;
}
