#!/usr/bin/env node
/**
 * @file The `kinora` executable: connects the program to the process (streams, signals, exit code) and nothing else.
 */
import { readFileSync } from 'node:fs';
import { COMMANDS, GROUPS } from './commands/index.ts';
import { runCli } from './program.ts';

const interrupt = new AbortController();
// The first signal asks the command to clean up; the listener is gone then, so a second one ends the process at once.
process.once('SIGINT', () => { interrupt.abort('SIGINT'); });
process.once('SIGTERM', () => { interrupt.abort('SIGTERM'); });
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);                  // `kinora models list | head -1`
  throw error;
});

// package.json is two folders above src/cli/main.ts and one above dist/cli.mjs.
const packageFile = new URL(import.meta.url.endsWith('.ts') ? '../../package.json' : '../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

process.exitCode = await runCli(process.argv.slice(2), {
  version, commands: COMMANDS, groups: GROUPS, stdout: process.stdout, stderr: process.stderr, signal: interrupt.signal,
});
