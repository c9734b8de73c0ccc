/**
 * @file `kinora models list|info|credits`: what is installed, what it can do, and whose art it was trained on.
 */
import { FileError } from '../../core/errors.ts';
import type { ModelInfo } from '../../pipeline/model/model-store.ts';
import type { CliCommand } from '../program.ts';

const store = () => import('../../pipeline/model/model-store.ts');
const megabytes = ({ files }: ModelInfo): string => `${(Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(1)} MB`;

const list: CliCommand = {
  path: 'models list',
  summary: 'Lists the installed models',
  example: 'kinora models list',
  define: (command, { print }) => {
    command.option('--json', 'print one JSON object a model').action(async ({ json }: { json?: boolean }) => {
      const { findModel, installedModels } = await store();
      for (const id of await installedModels()) {
        const { info } = await findModel(id);
        print(json ? JSON.stringify({ id, version: info.version, licence: info.licence, description: info.description }) : `${id}  ${megabytes(info)}  ${info.description}`);
      }
    });
  },
};

const show: CliCommand = {
  path: 'models info',
  summary: 'Tells what a model makes, and checks its files',
  example: 'kinora models info sprites-64',
  define: (command, { print }) => {
    command
      .argument('[model]', 'an installed model, or a folder')
      .option('--json', 'print model.json as it is')
      .action(async (model: string | undefined, { json }: { json?: boolean }) => {
        const { findModel, readModelFile } = await store();
        const found = await findModel(model), { info } = found, { native, limits, sampling } = info;
        for (const name of Object.keys(info.files)) await readModelFile(found, name);
        if (json) { print(JSON.stringify(info)); return; }
        print(`${info.id} ${info.version}: ${info.description}`);
        print(`licence   ${info.licence}`);
        print(`film      ${native.width}x${native.height}, ${native.frames} frames, ${native.fps} fps; `
          + `sides ${limits.minSide} to ${limits.maxSide} in steps of ${limits.multiple}, at most ${limits.maxFrames} frames`);
        print(`sampling  ${sampling.sampler}, ${sampling.steps} steps, guidance ${sampling.guidance}, palette ${sampling.palette || 'none'}, steady ${sampling.steady || 'no'}`);
        print(`files     ${Object.keys(info.files).length}, ${megabytes(info)}, all as model.json describes them`);
        print(`folder    ${found.dir}`);
      });
  },
};

const credits: CliCommand = {
  path: 'models credits',
  summary: "Names the artists of a model's training data",
  example: 'kinora models credits sprites-64',
  define: (command, { print }) => {
    command.argument('[model]', 'an installed model, or a folder').action(async (model: string | undefined) => {
      const { findModel, hasModelFile, readModelFile } = await store();
      const found = await findModel(model), file = 'credits.json';
      if (!hasModelFile(found, file)) throw new FileError(`model ${found.info.id} lists no credits (${file})`);
      const artists = JSON.parse((await readModelFile(found, file)).toString('utf8')) as { readonly artist: string; readonly layers: number }[];
      print(`${found.info.id}, ${found.info.licence}, was trained on layers by`);
      for (const { artist, layers } of artists) print(`${String(layers).padStart(5)}  ${artist}`);
    });
  },
};

/** The rows. */
export const modelsCommands: readonly CliCommand[] = [list, show, credits];
