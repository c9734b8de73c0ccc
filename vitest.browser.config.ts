/** @file `npm run test:browser`: tests that drive a real Chromium, the system's one, through playwright-core. */
import { defineConfig } from 'vitest/config';

const report = process.env['KINORA_TEST_REPORT'];               // .ci/run counts from a JSON report written there

export default defineConfig({
  test: {
    include: ['src/**/*.browser.test.ts', 'test/**/*.browser.test.ts'],
    fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
