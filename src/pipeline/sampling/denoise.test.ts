import { expect, test } from 'vitest';
import type { Backend, HostArray } from '../../backend/backend.ts';
import { ProgramCache } from '../../backend/cache.ts';
import { normals } from '../../core/random.ts';
import { DIT_PRESETS } from '../../models/dit/config.ts';
import { CONTEXT_SIGMA, GENERATED, GIVEN, latentTime, packFeeds } from '../../models/dit/pack-feeds.ts';
import { stage } from '../../models/dit/regions.ts';
import { filmLayout, filmVelocity, type DenoisedFilm, type DitRuntime } from './denoise.ts';

const config = { ...DIT_PRESETS.tiny, textWidth: 16 }, FRAMES = 4, SIDE = 8, perFrame = SIDE * SIDE * config.channels;
const tokens = (stream: string, frames: number): Float32Array => normals({ seed: 1, stream, step: 0 }, frames * perFrame);

/** A runtime whose programs note what they are fed and predict the fed tokens. */
function spying(): { runtime: DitRuntime; fed: Record<string, HostArray>[] } {
  const fed: Record<string, HostArray>[] = [];
  const backend = {
    compile: () => Promise.resolve({
      run: (feeds: Record<string, HostArray>, out: Record<string, Float32Array>) => {
        fed.push(Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, value.slice() as HostArray])));
        out['prediction']!.set(feeds['tokens'] as Float32Array);
        return Promise.resolve(out);
      },
      [Symbol.dispose]: () => undefined,
    }),
  } as unknown as Backend;
  return { fed, runtime: {
    backend, programs: new ProgramCache(4), config, text: { vocabulary: 8, length: 4, width: 16, depth: 1, heads: 2, mlp: 'relu2' },
    prediction: 'x', weights: {},
  } };
}

test('a given beginning and a given end stand in both branches of the pack as they do in training, an image beside one', async () => {
  const own = Float32Array.from([...tokens('beginning', 2), ...tokens('noise', 2)]);                                         // nearly clean, then noise
  const end = tokens('end', 2), ending = [0, 1].map((i) => ({ time: latentTime(i, 8), tokens: end.subarray(i * perFrame, (i + 1) * perFrame) }));
  const film: DenoisedFilm = { frames: FRAMES, height: SIDE, width: SIDE, context: [], beginning: 2, ending }, sigma = Float32Array.of(CONTEXT_SIGMA, CONTEXT_SIGMA, 0.7, 0.7);
  const { runtime, fed } = spying(), velocity = await filmVelocity(runtime, film, {}, { scale: 3 })(own, sigma);

  // The sample that dit-task.ts makes of a clip with a given ending and a prefix: kinds and σ in place for the prefix, the ending beside at its own times.
  const segment = (caption: number) => ({
    times: [0, 4, 8, 12, 8, 12], kinds: [GIVEN, GIVEN, GENERATED, GENERATED, GIVEN, GIVEN], captions: new Array<number>(6).fill(caption),
    sigmas: [...sigma, CONTEXT_SIGMA, CONTEXT_SIGMA], tokens: Float32Array.from([...own, ...end]),
  });
  expect(fed).toHaveLength(1);
  expect(fed[0]).toEqual(packFeeds(filmLayout(film, 2), [segment(0), segment(1)], config));
  expect(velocity).toEqual(new Float32Array(FRAMES * perFrame));                               // the spy predicts x = z: nothing to move

  const image = { time: 6, tokens: tokens('image', 1) }, pictured = { ...film, context: [image] };
  await filmVelocity(runtime, pictured, {}, { scale: 3 })(own, sigma);
  const { times, kinds, captions, sigmas, tokens: all } = segment(0), beside = own.length;
  const withImage = {
    times: times.toSpliced(4, 0, 6), kinds: kinds.toSpliced(4, 0, GIVEN), captions: [...captions, 0], sigmas: sigmas.toSpliced(4, 0, CONTEXT_SIGMA),
    tokens: Float32Array.from([...all.subarray(0, beside), ...image.tokens, ...all.subarray(beside)]),
  };
  expect(fed[1]).toEqual(packFeeds(filmLayout(pictured, 2), [withImage, segment(1)], config));
});

test('a film told by regions has both branches\' captions by pairs, with words each token hears those of its place, and a window knows where it lies in its shot', async () => {
  const staging = [{ from: 24, to: 40 }, { from: 40, to: 24 }] as const, shot = { start: 4, frames: 29, staging };
  const film: DenoisedFilm = { frames: FRAMES, height: SIDE, width: SIDE, context: [], regions: shot };
  const own = tokens('noise', FRAMES), sigma = new Float32Array(FRAMES).fill(0.7), { runtime, fed } = spying();
  await filmVelocity(runtime, film, {}, { scale: 3 })(own, sigma);
  const times = [0, 4, 8, 12], staged = stage({ staging, progress: times.map((t) => (4 + t) / 28), height: SIDE, width: SIDE, side: 8 });
  const branch = (captions: readonly number[]) => ({ times, kinds: times.map(() => GENERATED), sigmas: sigma, tokens: own, captions: times.flatMap(() => captions) });
  expect(fed[0]).toEqual(packFeeds(filmLayout(film, 2), [{ ...branch([0, 1]), ...staged }, branch([2, 3])], config));
  expect(filmLayout(film, 2)).toMatchObject({ captions: 4, groups: [{ regions: 2, count: 2 }] });
});
