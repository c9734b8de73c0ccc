/** @file The API reference is that of the document which the server sends. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ROUTES } from '../../src/server/contract/routes.ts';
import { apiReference } from '../../tools/api/reference.ts';

test('the page is up to date (else: npx tsx tools/api/reference.ts), and has every route', async () => {
  const page = await readFile(new URL('../../docs/reference/api.md', import.meta.url), 'utf8');
  expect(page).toBe(apiReference());
  for (const { method, path, summary } of Object.values(ROUTES)) expect(page).toContain(`### ${method.toUpperCase()} ${path}\n\n${summary}. `);
  expect(page).not.toContain('undefined');
});
