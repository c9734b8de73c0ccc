/**
 * @file Run by npm as `prepare`: builds dist/. npm also runs it when `npx kinora` is tried before `npm ci`; failing there
 * would leave npx with a broken link that outlives the mistake, so without the build tool it says what to do and succeeds.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const tool = new URL('../node_modules/tsdown/package.json', import.meta.url);
if (existsSync(fileURLToPath(tool))) {
  const { build } = await import('tsdown');
  await build();
} else {
  process.stderr.write('kinora: dependencies are missing; run npm ci first\n');
}
