#!/usr/bin/env node
/**
 * @file What `npx kinora` starts: the built command line, or one line that says how to build it. It is a file of the
 * repository, not of the build, because npx links it once and keeps the link, also when it was tried before `npm ci`.
 */
import { existsSync } from 'node:fs';

const built = new URL('../dist/cli.mjs', import.meta.url);
if (existsSync(built)) await import(built.href);
else {
  process.stderr.write('kinora: not built yet; run npm ci in the repository first\n');
  process.exitCode = 1;
}
