/**
 * @file `npm run test:media`: damaged files and real footage through `ingest`, the server's contract and uploads under fire; slower than `npm test`, and the clips have to be
 * fetched (tools/clips).
 */
import { defineConfig } from 'vitest/config';

const report = process.env['KINORA_TEST_REPORT'];               // .ci/run counts from a JSON report written there

export default defineConfig({
  test: {
    include: ['test/media/**/*.test.ts', 'test/fuzz/**/*.test.ts'],
    globalSetup: ['test/support/postgres.ts'],
    maxWorkers: 2, testTimeout: 120_000, hookTimeout: 120_000,          // the longest, schedules of a queue, takes one core
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
