/**
 * @file `kinora data sprites`: looks at the training data of the sprite world. `kinora data ingest`: makes a dataset of own footage.
 */
import { InputError } from '../../core/errors.ts';
import { type Stage, STAGES } from '../../data/footage/stages.ts';
import type { CliCommand } from '../program.ts';
import { choice, file, integer, nonEmpty } from '../options.ts';

interface Flags { readonly preview?: boolean; readonly lpc: string; readonly output: string; readonly seed: number; readonly clips: number }

/** The row. */
export const dataSpritesCommand: CliCommand = {
  path: 'data sprites',
  summary: 'Draws training clips from a checkout of the Liberated Pixel Cup layers',
  example: 'kinora data sprites --preview --lpc ./lpc -o sheet.png',
  define: (command, { print }) => {
    command
      .option('--preview', 'write a contact sheet, one clip a row, and print the captions')
      .option('--lpc <dir>', 'the checkout', nonEmpty('--lpc', 'wanted a folder'), 'lpc')
      .option('-o, --output <file>', 'the sheet, .png', nonEmpty('--output', 'wanted a file ending in .png'), 'sheet.png')
      .option('--seed <n>', 'same seed, same clips', integer('--seed', { min: 0 }), 0)
      .option('--clips <n>', 'clips on the sheet', integer('--clips', { min: 1, max: 200 }), 12)
      .action(async ({ preview, lpc, output, seed, clips }: Flags) => {
        if (!preview) throw new InputError('nothing to do: say --preview for a contact sheet');
        const [{ loadSpriteWorld, previewSprites }, { writePng }] = await Promise.all([import('../../data/sprites/world.ts'), import('../../media/contact-sheet.ts')]);
        const { sheet, captions } = previewSprites(await loadSpriteWorld(lpc), { seed, count: clips });
        await writePng(output, sheet);
        captions.forEach(({ en, zh }, row) => { print(`${row + 1}. ${en} / ${zh}`); });
        print(output);
      });
  },
};

interface IngestFlags {
  readonly out: string; readonly skip?: readonly Stage[]; readonly captions?: string; readonly captionWith?: string;
  readonly fps: number; readonly minFrames: number; readonly maxFrames: number; readonly area: number; readonly json?: boolean;
}

const stage = choice('--skip', Object.keys(STAGES) as Stage[]);

/** The row. */
export const dataIngestCommand: CliCommand = {
  path: 'data ingest',
  summary: 'Makes a dataset of captioned clips from your own films and images',
  example: 'kinora data ingest ./films --out ./dataset',
  define: (command, { print, progress, signal }) => {
    command
      .argument('<inputs...>', 'films, images, and folders of them; they are only read')
      .requiredOption('--out <dataset>', 'folder of the dataset; the same command again goes on where it stopped', nonEmpty('--out', 'wanted a folder'))
      .option('--skip <stages>', 'stages to leave out, as in still,text', (text: string) => text.split(',').map((name) => stage(name.trim())))
      .option('--captions <file>', 'captions, .csv or JSON lines with file and caption; default: captions.csv or .jsonl in the folders', file('--captions'))
      .option('--caption-with <url>', 'an OpenAI-compatible endpoint that sees, as in http://localhost:11434/v1#model', nonEmpty('--caption-with', 'wanted an address'))
      .option('--fps <n>', 'frames a second of clips', integer('--fps', { min: 1, max: 60 }), 8)
      .option('--min-frames <n>', 'shortest clip', integer('--min-frames', { min: 1, max: 257 }), 9)
      .option('--max-frames <n>', 'longest clip, 4n + 1', integer('--max-frames', { min: 1, max: 257 }), 33)
      .option('--area <pixels>', 'most pixels of a frame; smaller films keep their size', integer('--area', { min: 64, max: 2 ** 21 }), 65_536)
      .option('--json', 'print the result as JSON')
      .addHelpText('after', `\nStages:\n${Object.entries(STAGES).map(([name, does]) => `  ${name.padEnd(12)}${does}`).join('\n')}`)
      .action(async (inputs: string[], { captionWith, json, ...flags }: IngestFlags) => {
        const [{ ingest }, { endpointCaptioner }] = await Promise.all([import('../../data/footage/ingest.ts'), import('../../pipeline/prompt/caption-endpoint.ts')]);
        const { clips, refused, sources, notes, manifest, report } = await ingest({
          ...flags, inputs, signal, ...(captionWith === undefined ? {} : { captioner: endpointCaptioner(captionWith) }),
          onProgress: ({ done, total, source, kept, refused: off }) => { progress({ stage: 'ingest', done, total, note: `${kept} kept, ${off} refused  ${source}` }); },
        });
        const unread = sources.filter((s) => s.error !== undefined);
        if (json) {
          const counts = { clips: clips.length, refused: refused.length, files: sources.length };
          print(JSON.stringify({ ...counts, unread: unread.map(({ source, error }) => ({ source, error })), notes, manifest, report }));
          return;
        }
        for (const { source, error } of unread) print(`refused ${source}: ${error!}`);
        for (const note of notes) print(`note: ${note}`);
        print(`${clips.length} clips of ${sources.length} files, ${refused.length} parts refused`);
        print(manifest);
        print(report);
      });
  },
};
