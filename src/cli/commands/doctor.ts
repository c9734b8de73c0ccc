/** @file `kinora doctor`: what of Kinora works on this machine, what does not and why, and how to get it. */
import { ResourceError } from '../../core/errors.ts';
import type { Check } from '../../pipeline/doctor/check.ts';
import { nonEmpty } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';

interface Flags { readonly data: string; readonly cache: string; readonly database?: string; readonly json?: boolean }

/** Whether the database that jobs would be kept in answers. */
async function databaseCheck(url: string): Promise<Check> {
  const name = 'database', needed = true;
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol))
    return { name, needed, state: 'broken', found: 'DATABASE_URL', why: 'is no address of PostgreSQL', needs: 'an address as in postgres://user:password@host:5432/name' };
  const { host } = new URL(url), { openPostgres } = await import('../../server/state/db/database.ts');
  try {
    await (await openPostgres(url)).close();
    return { name, needed, state: 'ok', found: `${host} answers` };
  } catch (error) {
    return { name, needed, state: 'broken', found: host, why: (error as Error).message, needs: 'a PostgreSQL server there; without one kinora serve has an embedded one' };
  }
}

async function run({ data, cache, database = process.env['DATABASE_URL'], json }: Flags, { print, progress }: CliContext): Promise<void> {
  const [{ diagnose }, { checkLines }] = await Promise.all([import('../../pipeline/doctor/doctor.ts'), import('../../pipeline/doctor/check.ts')]);
  let done = 0;
  const diagnosis = await diagnose({
    data, cache, ...(database === undefined || database === '' ? {} : { more: async () => [await databaseCheck(database)] }),
    onProgress: (what) => { progress({ stage: what, done: done++, total: 5 }); },
  });
  if (json) print(JSON.stringify(diagnosis));
  else {
    const width = Math.max(...diagnosis.checks.map(({ name }) => name.length));
    for (const check of diagnosis.checks) for (const line of checkLines(check, width)) print(line);
  }
  const bad = diagnosis.checks.filter(({ needed, state }) => needed && state !== 'ok').map(({ name }) => name);
  if (!diagnosis.ok) throw new ResourceError(`needed and not there, or broken: ${bad.join(', ')}`);
}

/** The row. */
export const doctorCommand: CliCommand = {
  path: 'doctor',
  summary: 'Tells what works on this machine, what does not, and how to get it',
  example: 'kinora doctor',
  define: (command, context) => {
    command
      .option('--data <dir>', 'folder that kinora serve would keep films in', nonEmpty('--data', 'wanted a folder'), 'kinora-data')
      .option('--cache <dir>', 'folder that training would keep decoded data in', nonEmpty('--cache', 'wanted a folder'), '.cache')
      .option('--database <url>', 'PostgreSQL server to ask; also DATABASE_URL', nonEmpty('--database', 'wanted an address'))
      .option('--json', 'print one JSON object')
      .action((flags: Flags) => run(flags, context));
  },
};
