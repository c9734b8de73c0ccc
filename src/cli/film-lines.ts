/** @file What people are told of a film that was made, beside its file: what the model read, what it did not know, what was changed to fit. One line each. */
import type { GeneratedFilm } from '../pipeline/pipeline.ts';

/** What a film is: file, size, length and seed. */
export function filmLine({ file, width, height, frames, fps, seed, vary }: GeneratedFilm): string {
  const which = vary ? `seed ${seed} varied by ${vary.amount} (${vary.seed})` : `seed ${seed}`;
  return `${file}  ${width}x${height}, ${frames === 1 ? '1 frame' : `${frames} frames, ${fps} fps`}, ${which}`;
}

/** The lines, of whatever there is to tell. */
export function filmLines({ expanded, shots, mended = {}, ignored, truncated, windows, reused, notes = [] }: GeneratedFilm): string[] {
  return [
    ...(shots ? shots.map(({ at, reads }) => `reads from ${at} s: ${reads}`) : expanded === undefined ? [] : [`reads: ${expanded}`]),
    ...Object.entries(mended).map(([word, meant]) => `read "${word}" as "${meant}"`),
    ...(ignored.length > 0 ? [`ignored: ${ignored.join(', ')}`] : []),
    ...(truncated ? ['the end of the prompt did not fit and was left out'] : []),
    ...(reused === undefined ? [] : [`reused: ${reused} of ${windows} windows`]),
    ...notes.map((note) => `note: ${note}`),
  ];
}
