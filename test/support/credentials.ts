/** @file Films that tests make through the command line are signed by credentials of the run, not by those of who runs it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Called by vitest before all tests; what it gives back, after them. */
export default async function setup(): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'kinora-credentials-'));
  process.env['KINORA_PROVENANCE'] = join(dir, 'provenance');
  return () => rm(dir, { recursive: true, force: true });
}
