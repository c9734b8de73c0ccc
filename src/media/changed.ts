/**
 * @file Which part of a picture changed: animated images write no more than that.
 */

/** A rectangle of pixels. */
export interface Rectangle { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** The smallest rectangle that holds every changed pixel, of `bytes` bytes each, in rows of `width`; null if none changed. */
export function changedRectangle(a: Uint8Array, b: Uint8Array, width: number, bytes: number): Rectangle | null {
  const row = width * bytes;
  let left = row, right = -1, top = -1, bottom = -1;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    const x = i % row, y = (i - x) / row;
    if (top < 0) top = y;
    bottom = y;
    if (x < left) left = x;
    if (x > right) right = x;
  }
  if (top < 0) return null;
  const x = Math.floor(left / bytes);
  return { x, y: top, width: Math.floor(right / bytes) - x + 1, height: bottom - top + 1 };
}

/** The pixels within a rectangle, row by row. */
export function cutRectangle(data: Uint8Array, r: Rectangle, width: number, bytes: number): Uint8Array {
  const out = new Uint8Array(r.width * r.height * bytes);
  for (let y = 0; y < r.height; y++) {
    const from = ((r.y + y) * width + r.x) * bytes;
    out.set(data.subarray(from, from + r.width * bytes), y * r.width * bytes);
  }
  return out;
}
