import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { JobSource } from '../contract/spec.ts';
import { WorkerPool } from './worker-pool.ts';

test('a pool that has stopped has told of every worker that went, so the database may be closed', async () => {
  const told: [string, boolean][] = [], lines: string[] = [], none = {} as JobSource;       // its workers ask for nothing: they are stopped before they are ready
  const pool = new WorkerPool({
    count: 2, argv: [], source: () => none, log: (event) => { lines.push(event); },
    gone: async (name, asked) => { await sleep(300); told.push([name, asked]); if (told.length === 1) throw new Error('not told'); },
  });
  expect(pool.pids).toHaveLength(2);
  await pool.stop();
  expect(told.map(([, asked]) => asked)).toEqual([true, true]);
  expect(new Set(told.map(([name]) => name)).size).toBe(2);
  expect(lines.filter((line) => line === 'release_failed')).toHaveLength(1);
  expect(pool.pids).toEqual([]);
}, 30_000);
