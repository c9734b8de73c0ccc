/**
 * @file `kinora data sprites`: looks at the training data of the sprite world.
 */
import { InputError } from '../../core/errors.ts';
import type { CliCommand } from '../program.ts';
import { integer, nonEmpty } from '../options.ts';

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
