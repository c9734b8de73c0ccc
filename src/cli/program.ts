/**
 * @file The `kinora` program without a process: a table of commands in, an exit code out. Tests call it as main.ts does.
 * Contract: results on stdout; everything else on stderr; an error is one line `kinora: …`. Exit 0 done, 1 failed,
 * 2 wrong usage, 130 interrupted (after the command has cleaned up), 143 terminated.
 */
import { Command, CommanderError } from 'commander';
import { CancelledError, KinoraError } from '../core/errors.ts';
import { type Progress, progressReporter } from './progress.ts';

/** Where a command writes: process.stdout and process.stderr, or a test's buffers. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a running command is given beside its arguments. */
export interface CliContext {
  /** Of Kinora. */
  readonly version: string;
  /** Aborted by Ctrl-C: stop, remove what is half-written, reject. */
  readonly signal: AbortSignal;
  /** Prints one line of the command's result on stdout. */
  readonly print: (line: string) => void;
  /** Prints one line on stderr: something is not well, and the work goes on. */
  readonly warn: (line: string) => void;
  /** Reports progress on stderr: a line that rewrites itself on a terminal, JSON lines elsewhere. */
  readonly progress: Progress;
}

/** One row of the table: a subcommand, thin, in a file of its own. */
export interface CliCommand {
  /** Words after `kinora`: `generate`, or `models list` (the group `models` is made by the first row that names it). */
  readonly path: string;
  /** One sentence for the help. */
  readonly summary: string;
  /** A command line that works as written; shown by --help. */
  readonly example: string;
  /** Adds arguments and flags, and an action that imports its work lazily. */
  readonly define: (command: Command, context: CliContext) => void;
}

/** Options of {@link runCli}. */
export interface RunCliOptions {
  readonly version: string;
  readonly commands: readonly CliCommand[];
  /** What each group of commands is about, by its name: `{ models: 'Installed models' }`. */
  readonly groups?: Readonly<Record<string, string>>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly signal: AbortSignal;
}

/** Exit code of a signal's name that an AbortSignal carries as its reason: 128 + the signal's number. */
const SIGNAL_EXIT: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Runs `kinora ...argv` and resolves to the exit code; never rejects. */
export async function runCli(argv: readonly string[], o: RunCliOptions): Promise<number> {
  const progress = progressReporter({ stream: o.stderr, now: Date.now });
  const line = (stream: OutputStream) => (text: string): void => { progress.end(); stream.write(`${text}\n`); };
  const context: CliContext = { version: o.version, signal: o.signal, print: line(o.stdout), warn: (text) => { line(o.stderr)(`warning: ${text}`); }, progress: progress.report };
  try {
    await buildProgram(context, o).parseAsync([...argv], { from: 'user' });
    progress.end();
    return 0;
  } catch (error) {
    progress.end();
    if (error instanceof CommanderError && error.exitCode === 0) return 0;              // --help, --version
    if (o.signal.aborted) {
      const kept = error instanceof CancelledError && error.kept !== undefined ? `; ${error.kept}` : '';
      o.stderr.write(`kinora: interrupted${kept}\n`);
      return SIGNAL_EXIT[String(o.signal.reason)] ?? 130;
    }
    const debug = argv.includes('--debug');
    o.stderr.write(describeError(error, debug));
    if (error instanceof CommanderError) return 2;
    return error instanceof KinoraError ? error.exitCode : 1;
  }
}

/** The text that stderr gets for an error: one line, and with `debug` the stack and the causes under it. */
export function describeError(error: unknown, debug: boolean): string {
  const known = error instanceof KinoraError || error instanceof CommanderError;
  const message = error instanceof CommanderError && error.code === 'commander.help'
    ? 'a command is missing; see kinora --help'
    : (error instanceof Error ? error.message : String(error)).replace(/^error: /, '');
  const line = message.replace(/\s*\n\s*/g, ' ').trim() || 'unknown error';
  const hint = known || debug ? '' : ' (a bug in Kinora? run again with --debug for the stack)';
  let text = `kinora: ${line}${hint}\n`;
  if (debug) {
    for (let e: unknown = error; e instanceof Error; e = e.cause) text += `${e === error ? '' : 'caused by: '}${e.stack ?? String(e)}\n`;
  }
  return text;
}

function buildProgram(context: CliContext, o: RunCliOptions): Command {
  const program = configure(new Command('kinora'), o)
    .description('Makes films from words, on your own machine; trains the models that do it.')
    .version(o.version, '-V, --version', 'Print the version')
    .usage('<command> [options]')
    .addHelpText('after', o.commands.length === 0 ? '' : `\nExamples:\n${o.commands.map((row) => `  $ ${row.example}`).join('\n')}`);
  const groups = new Map<string, Command>();
  for (const row of o.commands) {
    const words = row.path.split(' ');
    const name = words.pop()!;
    let parent = program;
    for (const [i, word] of words.entries()) {
      const path = words.slice(0, i + 1).join(' ');
      let group = groups.get(path);
      if (group === undefined) {
        group = configure(parent.command(word), o).description(o.groups?.[path] ?? '');
        groups.set(path, group);
      }
      parent = group;
    }
    const command = configure(parent.command(name), o).description(row.summary).addHelpText('after', `\nExample:\n  $ ${row.example}`);
    row.define(command, context);
  }
  return program;
}

/** What every command shares: throwing instead of exiting, our own error line, and --debug. */
function configure(command: Command, o: RunCliOptions): Command {
  return command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => { o.stdout.write(text); },
      writeErr: () => {},                                       // errors are printed once, by runCli
      outputError: () => {},
      getOutHelpWidth: () => o.stdout.columns ?? 100,
    })
    .helpOption('-h, --help', 'Show this help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .option('--debug', 'On failure, print the stack');
}
