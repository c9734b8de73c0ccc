/** @file How tests start the command line as a process: from its sources, or, where KINORA_TEST_PROGRAM is `built`, as it was built, which starts in a third of the time. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Node's arguments for the command line. */
export const PROGRAMS = { source: ['--import', createRequire(import.meta.url).resolve('tsx'), root('src/cli/main.ts')], built: [root('bin/kinora.mjs')] } as const;

function named(name: string): keyof typeof PROGRAMS {
  if (name !== 'source' && name !== 'built') throw new Error(`KINORA_TEST_PROGRAM is ${name}; wanted source or built`);
  return name;
}

/** The one that tests start unless they say. CI has just built it; elsewhere what lies in dist/ may be older than its sources. */
export const PROGRAM = named(process.env['KINORA_TEST_PROGRAM'] ?? 'source');
