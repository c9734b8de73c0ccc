import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRunConfig, runHash } from './config.ts';

const root = join(import.meta.dirname, '..', '..', 'configs', 'sprites-64');

test('a run is bound to what changes its numbers: not to how long it is, how often it is looked at, or how much is compiled', async () => {
  const config = await readRunConfig('dit', join(root, 'dit-base.json')), { optim } = config;
  const same = [{ optim: { ...optim, steps: optim.steps + 1 } }, { validateEvery: 7 }, { checkpointSeconds: 7 }, { programs: 7 }, { prompts: ['a knight'] }];
  const other = [{ optim: { ...optim, rate: optim.rate * 2 } }, { seed: config.seed + 1 }, { tokens: 2 * config.tokens }];
  for (const change of same) expect(runHash({ ...config, ...change })).toBe(runHash(config));
  for (const change of other) expect(runHash({ ...config, ...change })).not.toBe(runHash(config));
});
