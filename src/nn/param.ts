/**
 * @file Parameters as data: a model declares a tree of specs; the tree is bound to graph inputs, or filled with initial values.
 * A parameter's name is its path in the tree, in the graph as in a checkpoint.
 */
import { normals, uniforms } from '../core/random.ts';
import { sizeOf, type DType, type Shape } from '../core/shape.ts';
import { leavesOf, mapTree, type MapLeaves } from '../core/tree.ts';
import type { Graph, Tensor } from '../graph/graph.ts';

/** How a parameter starts. `normal` has standard deviation `std`; `uniform` is in [−bound, bound]. */
export type Init = { readonly kind: 'constant'; readonly value: number } | { readonly kind: 'normal'; readonly std: number } | { readonly kind: 'uniform'; readonly bound: number };

/** One parameter. */
export interface ParamSpec {
  readonly param: true;
  readonly shape: Shape;
  readonly init: Init;
  /** Whether weight decay applies: matrices yes; gains, biases and embeddings no. */
  readonly decay: boolean;
  /** Element type. Default f32; weights of quantized products are i8. */
  readonly dtype?: DType;
}

/** The same tree with a symbolic tensor at each parameter. */
export type Bound<T> = MapLeaves<T, ParamSpec, Tensor>;

/** Starts at one value everywhere. */
export const constant = (value: number): Init => ({ kind: 'constant', value });
/** Gaussian with standard deviation `std`. */
export const normal = (std: number): Init => ({ kind: 'normal', std });
/** Xavier uniform (Glorot & Bengio 2010, eq. 16). */
export const xavier = (fanIn: number, fanOut: number): Init => ({ kind: 'uniform', bound: Math.sqrt(6 / (fanIn + fanOut)) });

/** Declares a parameter; `decay` defaults to true for two axes and more. */
export const param = (shape: Shape, init: Init, decay = shape.length > 1): ParamSpec => ({ param: true, shape, init, decay });

/** Whether a tree's node is a parameter. */
export const isParam = (x: unknown): x is ParamSpec => typeof x === 'object' && x !== null && (x as ParamSpec).param === true;

/** Adds one graph input per parameter; `prefix` is put before each name. */
export const bindParams = <T>(graph: Graph, specs: T, prefix = ''): Bound<T> =>
  mapTree<T, ParamSpec, Tensor>(specs, isParam, (spec, name) => graph.input(prefix + name, spec.shape, spec.dtype), '');

/** Names and specs, in tree order. */
export const listParams = (specs: unknown): { name: string; leaf: ParamSpec }[] => leavesOf(specs, isParam);

/** Number of values in a tree of parameters. */
export const countParams = (specs: unknown): number => listParams(specs).reduce((n, { leaf }) => n + sizeOf(leaf.shape), 0);

/** Initial values of one parameter: a pure function of seed and name. */
export function initialValues(spec: ParamSpec, name: string, seed: number): Float32Array {
  const size = sizeOf(spec.shape), key = { seed, stream: `init:${name}`, step: 0 };
  switch (spec.init.kind) {
    case 'constant': return new Float32Array(size).fill(spec.init.value);
    case 'normal': { const { std } = spec.init; return normals(key, size).map((x) => x * std); }
    case 'uniform': { const { bound } = spec.init; return Float32Array.from(uniforms(key, size), (u) => (2 * u - 1) * bound); }
    default: return spec.init satisfies never;
  }
}
