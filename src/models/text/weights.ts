/**
 * @file Weights in a prompt: `(red hair:1.3)` counts more than the rest, `(a beard:0.5)` less, `(a hat:0)` not at all. Parentheses do not nest; `\(` and `\)` are plain
 * parentheses, and so are those around text that ends in no number. Full-width forms are read too. Pure: text in, parts out.
 */
import { InputError } from '../../core/errors.ts';

/** A part of a text, in characters of it, and what it counts. */
export interface Weighted { readonly start: number; readonly end: number; readonly weight: number }

/** A text without its weights, and the parts that have one, in order. */
export interface WeightedText { readonly text: string; readonly parts: readonly Weighted[] }

/** Greatest weight: the odds of a token are at most this much greater. */
const MAX_WEIGHT = 4;
/** A span whose end looks like a number, or fails to. */
const SPAN = /\\([()（）])|[(（]([^()（）]*)[:：]\s*([-+]?[\d.][^()（）]*)[)）]/g;

/** Reads weights. A weight that is no number from 0 to 4 is an InputError. */
export function parseWeights(prompt: string): WeightedText {
  const parts: Weighted[] = [];
  let text = '', from = 0;
  for (const match of prompt.matchAll(SPAN)) {
    text += prompt.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[1] !== undefined) { text += match[1]; continue; }
    const words = match[2]!, said = match[3]!.trim().normalize('NFKC'), weight = /^\+?(\d+\.?\d*|\.\d+)$/.test(said) ? Number(said) : Number.NaN;
    if (!(weight >= 0 && weight <= MAX_WEIGHT)) throw new InputError(`weight "${said}" of "(${words.trim()}:${said})" is not possible: wanted a number from 0 to ${MAX_WEIGHT}`);
    parts.push({ start: text.length, end: text.length + words.length, weight });
    text += words;
  }
  return { text: text + prompt.slice(from), parts };
}

/** The text of {@link parseWeights}: its own parentheses become plain ones where that matters. */
export function formatWeights({ text, parts }: WeightedText): string {
  const plain = (words: string): string => words.replaceAll(/[()（）]/g, '\\$&');
  let out = '', from = 0;
  for (const { start, end, weight } of parts) {
    out += `${plain(text.slice(from, start))}(${text.slice(start, end)}:${weight})`;
    from = end;
  }
  return parts.length === 0 && text.search(SPAN) < 0 ? text : out + plain(text.slice(from));
}
