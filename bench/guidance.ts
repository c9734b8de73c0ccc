/**
 * @file What guidance buys and costs: films of the same held-out prompts and seeds at one scale after another, read by the model's judge;
 * beside the shares their motion and colour relative to real clips, since strong guidance stills and saturates. Sets a model's default.
 * Flags: --lpc=DIR (needed)  --model=ID|DIR  --prompts=N (default 64)  --scales=1,2,… (default 1 to 8)  --low=X  --high=X (interval, default the model's)
 * --rescale=X  --steps=N.
 */
import { integer } from '../src/cli/options.ts';
import { InputError, oneOf } from '../src/core/errors.ts';
import { evalModel } from '../src/eval/model.ts';
import { findModel } from '../src/pipeline/model/model-store.ts';
import type { Bench, BenchCase } from './contract.ts';

const FLAGS = ['lpc', 'model', 'prompts', 'scales', 'low', 'high', 'rescale', 'steps'] as const;

/** The bench. */
export const bench: Bench = {
  summary: 'scales of guidance: obedience against motion and colour',
  async run({ threads, flags, log }) {
    for (const flag of Object.keys(flags)) oneOf('flag', flag, FLAGS);
    const text = (flag: (typeof FLAGS)[number]): string | undefined => (flags[flag] === undefined ? undefined : String(flags[flag]));
    const lpc = text('lpc'), prompts = integer('--prompts', { min: 2 })(text('prompts') ?? '64');
    if (lpc === undefined) throw new InputError('the sweep compares with real clips: give the sprite sheets with --lpc=DIR');
    const real = (flag: (typeof FLAGS)[number], otherwise: number): number => {
      const value = Number(text(flag) ?? otherwise);
      if (!Number.isFinite(value)) throw new InputError(`--${flag} "${text(flag)}" is not a number`);
      return value;
    };
    const scales = (text('scales') ?? '1,2,3,4,5,6,7,8').split(',').map(Number);
    if (scales.some((scale) => !(scale >= 0))) throw new InputError(`--scales "${text('scales')}": wanted numbers from 0 with commas between`);
    const { info } = await findModel(text('model')), { sampling } = info;
    const interval = [real('low', sampling.interval[0]), real('high', sampling.interval[1])] as const;
    const rescale = real('rescale', sampling.rescale), steps = real('steps', sampling.steps);
    const cases: BenchCase[] = [];
    for (const guidance of scales) {
      const { report: r } = await evalModel({
        prompts, lpc, cacheDir: '.cache', threads, unknownWord: 0, imageToVideo: 0, sampling: { guidance, interval, rescale, steps },
        ...(text('model') === undefined ? {} : { model: text('model')! }),
      });
      const shares = Object.fromEntries(Object.entries(r.attributes).map(([name, a]) => [name, a.of_ceiling]));
      const told = Object.values(shares).filter((share) => share !== null);
      cases.push({ guidance, prompts, ...shares, mean: told.reduce((a, b) => a + b, 0) / told.length, motion: r.motion_ratio, colour: r.saturation_ratio, ms: r.ms });
      log(`guidance ${guidance}: ${JSON.stringify(cases.at(-1))}`);
    }
    return { config: { model: info.id, weights: info.files, prompts, scales, interval, rescale, steps }, cases };
  },
};
