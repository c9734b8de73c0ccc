import { expect, test } from 'vitest';
import { ResourceError } from '../../core/errors.ts';
import { broadcast, exp, sum } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import { ortBackend } from './ort.ts';

test('a value that no machine has room for is refused as a lack of memory', async () => {
  const graph = new Graph(), side = 2 ** 23;                    // 4 · side² = 2⁴⁸ bytes: beyond the address space of a process
  using program = await ortBackend({ threads: 1 }).compile({ outputs: { y: sum(exp(broadcast(graph.input('x', [1, 1]), [side, side]))) } });
  const running = program.run({ x: new Float32Array(1) });
  await expect(running).rejects.toThrow(ResourceError);
  await expect(running).rejects.toThrow(/^not enough memory to run a program: .*allocate/);
});
