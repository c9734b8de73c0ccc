/** @file One process owns a server's data folder. */
import { lockFolder } from '../../media/lock.ts';

/** Takes the data folder, which is made for its owner alone; the result gives it back. Throws a ResourceError that names the process which has it. */
export const lockData = (folder: string): Promise<() => void> =>
  lockFolder(folder, { name: 'lock.json', what: 'the data folder', remedy: 'stop it, or name another with --data', mode: 0o700 });
