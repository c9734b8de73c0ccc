/** @file How another program of this package is started in a process of its own: from its source under tsx, or as a file of dist. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Node's arguments before those of the program. `source` is its path from src, `bundled` the file's name in dist. */
export function programOf(source: string, bundled: string): string[] {
  if (!import.meta.url.endsWith('.ts')) return [fileURLToPath(new URL(bundled, import.meta.url))];
  return ['--import', createRequire(import.meta.url).resolve('tsx'), fileURLToPath(new URL(`../${source}`, import.meta.url))];
}
