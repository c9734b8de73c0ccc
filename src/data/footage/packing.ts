/** @file How much of a pack clips of these shapes would leave empty, as the report of an ingest tells it. */
import { clipCells } from './clips.ts';
import type { ClipRow } from './journal.ts';

type Shape = Pick<ClipRow, 'frames' | 'width' | 'height'>;

/** Tokens of packs that are told of; a latent cell is a token. */
const PACKS = [1024, 2048, 4096, 8192, 16_384] as const;

/** What stays empty, as a share of all tokens that are computed. */
export interface PackingWaste {
  /** Of packs of so many tokens, each filled with whole clips: those sizes alone that have room for every clip. */
  readonly packs: ReadonlyMap<number, number>;
  /** If every clip were padded to the longest, widest and highest of them, as batches of one shape are. */
  readonly padded: number;
}

/**
 * The waste of clips that are packed each once, largest first, into the pack that they fill best (best-fit decreasing; Johnson 1973, "Near-optimal bin packing algorithms").
 * Packs of a training run are laid out by the shares of shapes and computed only as far as they are filled, so this is what a size cannot hold, not what is computed in vain.
 */
export function packingWaste(clips: readonly Shape[]): PackingWaste {
  const tokens = clips.map(clipCells).sort((a, b) => b - a), all = tokens.reduce((sum, n) => sum + n, 0), packs = new Map<number, number>();
  if (clips.length === 0) return { packs, padded: 0 };
  for (const size of PACKS) if (tokens[0]! <= size) packs.set(size, 1 - all / (size * packsOf(tokens, size)));
  const most = (side: keyof Shape): number => clips.reduce((n, clip) => Math.max(n, clip[side]), 0);
  return { packs, padded: 1 - all / (clips.length * clipCells({ frames: most('frames'), width: most('width'), height: most('height') })) };
}

/** Packs that are needed; `tokens` fall. */
function packsOf(tokens: readonly number[], size: number): number {
  const room = new Map<number, number>();                         // packs by how much is left in them: few kinds, however many packs
  let packs = 0;
  for (const one of tokens) {
    let least = Infinity;
    for (const left of room.keys()) if (left >= one && left < least) least = left;
    if (least === Infinity) { packs++; least = size; } else if (room.get(least) === 1) room.delete(least); else room.set(least, room.get(least)! - 1);
    room.set(least - one, (room.get(least - one) ?? 0) + 1);
  }
  return packs;
}
