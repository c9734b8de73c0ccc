/** @file The command line within a test: what it prints, and how it ends. */
import { COMMANDS, GROUPS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';

/** Calls the command line in this process; of what it reports only errors are kept. */
export async function kinora(...argv: string[]): Promise<{ exit: number; out: string; errors: string }> {
  let out = '', errors = '';
  const exit = await runCli(argv, {
    version: '0', commands: COMMANDS, groups: GROUPS, signal: new AbortController().signal,
    stdout: { write: (text) => { out += text; } }, stderr: { write: (text) => { if (text.startsWith('kinora:')) errors += text; } },
  });
  return { exit, out, errors };
}
