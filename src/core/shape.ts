/**
 * @file Element types and shapes: what every tensor has, symbolic or in memory. Shapes are static; axes are counted from 0.
 */

/** Element types of the engine. Indices are i32, weights of quantized products i8, all other arithmetic is f32. */
export const DTYPES = ['f32', 'i32', 'i8'] as const;
export type DType = (typeof DTYPES)[number];

/** Bytes of one element. */
export const DTYPE_BYTES = { f32: 4, i32: 4, i8: 1 } as const satisfies Record<DType, number>;

/** Sizes of the axes, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** Whether two shapes are the same, axis by axis. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** NumPy broadcasting of two shapes; throws a RangeError that names both. */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1, y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new RangeError(`shapes ${show(a)} and ${show(b)} do not broadcast`);
    return x === 1 ? y : x;
  });
}

/** `[2, 3]` as text, for messages. */
export function show(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
