/** @file `npm test`: unit tests beside their files, and everything under test/ that needs no browser and is not slow (test/media, test/fuzz). */
import { defineConfig } from 'vitest/config';

const report = process.env['KINORA_TEST_REPORT'];               // .ci/run counts from a JSON report written there

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['**/*.browser.test.ts', 'test/media/**', 'test/fuzz/**', 'node_modules/**'],
    globalSetup: ['test/support/credentials.ts', 'test/support/postgres.ts'],
    maxWorkers: 2, testTimeout: 60_000, hookTimeout: 120_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
