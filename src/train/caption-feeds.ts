/** @file Captions as a text tower's inputs. */
import type { CaptionTokenizer } from '../models/text/tokenizer.ts';

/** Token ids and presence of captions, stacked: `[captions, length]` each. */
export function captionFeeds(captions: readonly string[], tokenizer: CaptionTokenizer, length: number): { ids: Int32Array; present: Float32Array } {
  const ids = new Int32Array(captions.length * length), present = new Float32Array(captions.length * length);
  captions.forEach((caption, i) => {
    const encoded = tokenizer.encode(caption);
    ids.set(encoded.ids, i * length); present.set(encoded.present, i * length);
  });
  return { ids, present };
}
