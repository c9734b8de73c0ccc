/** @file Captions as a text tower's inputs, and which of them a film's latent frames have. */
import type { CaptionTokenizer } from '../../models/text/tokenizer.ts';

/** Token ids and presence of captions, stacked: `[captions, length]` each. */
export function captionFeeds(captions: readonly string[], tokenizer: CaptionTokenizer, length: number): { ids: Int32Array; present: Float32Array } {
  const ids = new Int32Array(captions.length * length), present = new Float32Array(captions.length * length);
  captions.forEach((caption, i) => {
    const encoded = tokenizer.encode(caption);
    ids.set(encoded.ids, i * length); present.set(encoded.present, i * length);
  });
  return { ids, present };
}

/** For each film the indices of its captions among those of all films one after the other, for each latent frame all of the film's: `[times · captions]`. */
export function captionIndices(films: readonly { readonly times: readonly unknown[]; readonly captions: readonly string[] }[]): number[][] {
  let next = 0;
  return films.map(({ times, captions }) => {
    const own = captions.map(() => next++);
    return times.flatMap(() => own);
  });
}
