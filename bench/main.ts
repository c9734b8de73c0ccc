/**
 * @file `npm run bench -- <name> [--json] [--seed N] [--threads N] [--flag=value]…`: runs one bench of the table. Prints a
 * table of its cases; with --json the last line is one JSON object: the cases and where they were measured.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { integer } from '../src/cli/options.ts';
import { InputError, KinoraError, oneOf } from '../src/core/errors.ts';
import { environment } from '../src/io/environment.ts';
import type { BenchCase } from './contract.ts';
import { BENCHES } from './registry.ts';

/** Cases as text, one aligned column a field. */
function table(cases: readonly BenchCase[]): string {
  const columns = [...new Set(cases.flatMap((row) => Object.keys(row)))];
  const cell = (value: BenchCase[string] | undefined): string => (typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(4) : String(value ?? '–'));
  const rows = [columns, ...cases.map((row) => columns.map((c) => cell(row[c])))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((text, i) => text.padStart(widths[i]!)).join('  ')).join('\n');
}

async function main(argv: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv], allowPositionals: true, strict: false,
    options: { json: { type: 'boolean', default: false }, seed: { type: 'string', default: '0' }, threads: { type: 'string', default: String(availableParallelism()) } },
  });
  const { json, seed: seedText, threads: threadsText, ...flags } = values;
  const seed = integer('--seed', { min: 0 })(String(seedText));
  const threads = integer('--threads', { min: 1, max: 256 })(String(threadsText));
  const name = oneOf('bench', positionals[0] ?? '', Object.keys(BENCHES));
  if (positionals.length > 1) throw new InputError(`"${positionals[1]}" is one argument too many: a bench's own flags are given as --flag=value`);
  const { bench } = await BENCHES[name]!();

  process.stderr.write(`${name}: ${bench.summary}\n`);
  const started = performance.now();
  const { config, cases, extra } = await bench.run({ seed, threads, flags: flags as Record<string, string | true>, log: (line) => { process.stderr.write(`${line}\n`); } });
  const result = { bench: name, cases, ...extra, ms: performance.now() - started, ...environment({ config, seed, threads, now: new Date() }) };
  process.stdout.write(`${table(cases)}\n`);
  if (json === true) process.stdout.write(`${JSON.stringify(result)}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof KinoraError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
