/**
 * @file A process that ingests folders, one after the other, and says on stdout which file it is at and how much memory it took at most so far, kilobytes. In a process of
 * its own, so that a crash in a decoder is seen, and one that hangs can be ended. `read-folders.ts FOLDER OUT [FOLDER OUT …]`
 */
import { InputError } from '../../src/core/errors.ts';
import { ingest } from '../../src/data/footage/ingest.ts';

const folders = process.argv.slice(2);
for (let i = 0; i + 1 < folders.length; i += 2) {
  let last = '';
  const tell = (source: string): void => { if (source !== last) process.stdout.write(`${process.resourceUsage().maxRSS} ${(last = source)}\n`); };
  const area = i % 4 === 0 ? 512 : 65_536;                              // films of every other folder are larger than two clips' area, so their frames are fitted in one step
  await ingest({ inputs: [folders[i]!], out: folders[i + 1]!, minFrames: 5, maxFrames: 17, area, onProgress: ({ source }) => { tell(source); } })
    .catch((cause: unknown) => { if (!(cause instanceof InputError && cause.message.startsWith('no clip is kept'))) throw cause; });
  tell('(done)');
}
