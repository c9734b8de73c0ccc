/** @file The last line of .ci/run and its exit code, on reports as vitest writes them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../.ci/summary.mjs', import.meta.url));
const test1 = (status: string) => ({ status });
const report = (passed: number, failed: number, files: readonly unknown[] = [], success = failed === 0) =>
  ({ numPassedTests: passed, numFailedTests: failed, success, testResults: files });

test.each([
  ['all passed, two runs', 0, [report(5, 0), report(2, 0)], '7 passed, 0 failed', 0],
  ['a failed test', 0, [report(5, 1, [{ status: 'failed', assertionResults: [test1('failed')] }])], '5 passed, 1 failed', 1],
  ['a file that did not load', 0, [report(5, 0, [{ status: 'failed', assertionResults: [] }], false)], '5 passed, 1 failed', 1],
  ['an unhandled rejection', 0, [report(5, 0, [{ status: 'passed', assertionResults: [test1('passed')] }], false)], '5 passed, 1 failed', 1],
  ['a failed step', 2, [report(5, 0)], '5 passed, 2 failed', 1],
  ['no test at all', 0, [], '0 passed, 0 failed', 1],
])('%s', (_, steps, reports, line, status) => {
  const folder = mkdtempSync(join(tmpdir(), 'kinora-'));
  for (const [i, content] of reports.entries()) writeFileSync(join(folder, `${i}.json`), JSON.stringify(content));
  const run = spawnSync(process.execPath, [SCRIPT, String(steps), folder], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect([run.stdout, run.status]).toEqual([`${line}\n`, status]);
});
