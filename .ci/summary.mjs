/**
 * @file Prints `N passed, N failed` from vitest's JSON reports: `summary.mjs FAILED_STEPS FOLDER`. Exit 1 when anything
 * failed, or when no test ran at all.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [steps, folder] = process.argv.slice(2);
let passed = 0;
let failed = Number(steps);
for (const name of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  failed += report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.every((t) => t.status !== 'failed')).length;   // did not load
  if (report.success === false && report.numFailedTests === 0 && report.testResults.every((file) => file.status !== 'failed')) failed += 1;       // e.g. an unhandled rejection
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
