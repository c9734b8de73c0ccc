/** @file `kinora export` and `kinora import`: everything that a server keeps, out of it as a folder, and into an empty one. */
import { InputError } from '../../core/errors.ts';
import { nonEmpty } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';
import { configOf, databaseFlags, databaseOf, type DatabaseFlags } from './serve.ts';

/** Runs one of both on the database and the data folder that the flags name, and tells what it moved. */
async function archive(way: 'export' | 'import', folder: string, flags: DatabaseFlags, { signal, progress, print }: CliContext): Promise<void> {
  const [{ exportAll, importAll }, { openStore }, { openDatabase }] = await Promise.all([
    import('../../server/state/archive.ts'), import('../../server/state/store.ts'), import('../../server/server.ts')]);
  const config = await configOf(databaseOf(flags)), store = await openStore(config, () => {});
  if (way === 'export' && config.database === undefined) await store.check().catch((cause: unknown) => {
    throw new InputError(`${config.data} is no data folder of a server: name it with --data`, { cause });
  });
  const db = await openDatabase(config);
  try {
    if (way === 'import') await store.open();
    const { films, waiting, files, bytes } = await (way === 'export' ? exportAll : importAll)({
      db, store, folder, signal, onProgress: (done, total) => { progress({ stage: way, done, total }); },
    });
    print(`${films} films, ${waiting} waiting; ${files} files of ${(bytes / 1e6).toFixed(1)} MB ${way === 'export' ? `in ${folder}` : `from ${folder}`}`);
  } finally { await db.close(); }
}

/** The rows. */
export const archiveCommands: readonly CliCommand[] = [{
  path: 'export',
  summary: 'Writes films, settings, lineage, queue and history of a server into a folder',
  example: 'kinora export --all kinora-backup',
  define: (command, context) => {
    databaseFlags(command.argument('<dir>', 'a folder that does not exist yet', nonEmpty('dir', 'wanted a folder')))
      .option('--all', 'everything that is kept; for now the one thing that can be exported')
      .action(async (folder: string, { all, ...flags }: DatabaseFlags & { all?: boolean }) => {
        if (all !== true) throw new InputError('say what to export: --all');
        await archive('export', folder, flags, context);
      });
  },
}, {
  path: 'import',
  summary: 'Brings what kinora export wrote into an empty server',
  example: 'kinora import kinora-backup --data new-data',
  define: (command, context) => {
    databaseFlags(command.argument('<dir>', 'a folder that kinora export wrote', nonEmpty('dir', 'wanted a folder')))
      .action(async (folder: string, flags: DatabaseFlags) => { await archive('import', folder, flags, context); });
  },
}];
