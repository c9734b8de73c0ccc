import { expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import { randomBits } from '../../core/random.ts';
import type { Frames } from '../../media/frames.ts';
import { VAE_PRESETS } from '../../models/vae/config.ts';
import { vaeParams } from '../../models/vae/vae.ts';
import { initialValues, listParams } from '../../nn/param.ts';
import { reconstructor } from './reconstruct.ts';

const config = VAE_PRESETS.tiny;
const weights = Object.fromEntries(listParams(vaeParams(config)).map(({ name, leaf }) => [name, initialValues(leaf, name, 1)]));
const film = (step: number, count: number): Frames => ({
  data: Uint8Array.from(randomBits({ seed: 1, stream: 'film', step }, count * 32 * 32 * 3), (x) => x & 255),
  count, height: 32, width: 32, channels: 3, fps: 8,
});

test('a film is given back at its own length, whatever its neighbours; noise on latents is told by its key', async () => {
  using reconstruct = reconstructor({ config, weights }, ortBackend());
  const films = Array.from({ length: 9 }, (_, step) => film(step, 6));
  const made = await reconstruct(films);
  expect(made.map((f) => [f.count, f.height, f.data.length])).toEqual(films.map((f) => [6, 32, f.data.length]));
  expect((await reconstruct([films[8]!]))[0]!.data).toEqual(made[8]!.data);
  expect(made[0]!.data).not.toEqual(made[1]!.data);
  const noise = (step: number) => ({ noise: { key: { seed: 1, stream: 'noise', step }, std: 1 } });
  const [noisy] = await reconstruct([films[0]!], noise(0));
  expect(noisy!.data).not.toEqual(made[0]!.data);
  expect((await reconstruct([films[0]!], noise(0)))[0]!.data).toEqual(noisy!.data);
  expect((await reconstruct([films[0]!], noise(1)))[0]!.data).not.toEqual(noisy!.data);
  expect((await reconstruct([film(0, 1)]))[0]!.count).toBe(1);
});
