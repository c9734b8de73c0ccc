/**
 * @file A PostgreSQL server of a test's own, which it can stop and start: made by the programs that Debian installs, in a temporary folder, on a free port of the loopback.
 * They refuse to run as root: then they run as the user postgres, or nobody.
 */
import { execFile } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile), VERSIONS = '/usr/lib/postgresql';

/** The folder of the programs, of the newest version; undefined where there are none. */
async function programs(): Promise<string | undefined> {
  const versions = (await readdir(VERSIONS).catch(() => [])).toSorted((a, b) => Number(b) - Number(a));
  for (const version of versions) {
    const bin = join(VERSIONS, version, 'bin'), names = await readdir(bin).catch((): string[] => []);
    if (names.includes('initdb') && names.includes('pg_ctl')) return bin;
  }
  return undefined;
}

/** Who the server runs as; empty: as this process. */
async function user(): Promise<{ readonly uid?: number; readonly gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name]).then(({ stdout }) => Number(stdout), () => Number.NaN)));
    if (Number.isInteger(uid) && Number.isInteger(gid)) return { uid: uid!, gid: gid! };
  }
  throw new Error('there is neither a user postgres nor nobody');
}

/** Why no server can be made here; undefined when one can. */
export const clusterReason = async (): Promise<string | undefined> => (await programs() === undefined ? `no PostgreSQL programs in ${VERSIONS}` : undefined);

const freePort = (): Promise<number> => new Promise((resolve, reject) => {
  const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => { const { port } = server.address() as AddressInfo; server.close(() => { resolve(port); }); });
});

/** A server. */
export interface Cluster {
  readonly url: string;
  /** Resolves when it takes connections. */
  start(): Promise<void>;
  /** As a crash: connections are cut, nothing is written; the next start recovers. */
  crash(): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** Makes one; it runs. */
export async function makeCluster(): Promise<Cluster> {
  const bin = (await programs())!, as = await user(), dir = await mkdtemp(join(tmpdir(), 'kinora-pg-')), data = join(dir, 'data'), port = await freePort();
  if (as.uid !== undefined) await chown(dir, as.uid, as.gid!);
  const call = async (program: string, ...argv: string[]): Promise<void> => { await run(join(bin, program), argv, { ...as, cwd: dir }); };
  const start = (): Promise<void> => call('pg_ctl', '-D', data, '-w', '-t', '120', '-l', join(dir, 'log'), '-o', `-p ${port} -c listen_addresses=127.0.0.1 -k ${dir}`, 'start');
  const crash = (): Promise<void> => call('pg_ctl', '-D', data, '-w', '-m', 'immediate', 'stop');
  try {
    await call('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync');
    await start();
  } catch (error) { await rm(dir, { recursive: true, force: true }); throw error; }
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`, start, crash,
    remove: async () => { await crash().catch(() => undefined); await rm(dir, { recursive: true, force: true }); },
  };
}
