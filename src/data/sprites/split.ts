/**
 * @file The held-out split: combinations that training never sees together.
 * A hash of (garment, hair colour, action) puts one triple in eight aside. A training clip holds no such triple; a held-out
 * clip holds nothing else. Every value, and almost every pair, of these attributes still occurs in training, so a film of a
 * held-out triple asks a model to compose what it knows. Hidden hair counts as a colour of its own.
 */
import type { Action, Garment, HairColour, Split } from './vocabulary.ts';

const ONE_IN = 8;

/** The split that a triple belongs to. */
export function splitOf(garment: Garment, hairColour: HairColour | null, action: Action): Split {
  let hash = 0x811c9dc5;                                       // FNV-1a over the words, then a finalizer: similar words differ
  for (const char of `${garment}|${hairColour ?? 'none'}|${action}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % ONE_IN === 0 ? 'heldout' : 'train';
}
