/**
 * @file The table of commands, in the order in which `kinora --help` shows them. A command that is not here does not exist.
 * A row states itself (path, summary, example, flags) and imports the work lazily, inside its action: `--help` stays fast.
 */
import type { CliCommand } from '../program.ts';
import { againCommands } from './again.ts';
import { archiveCommands } from './archive.ts';
import { dataIngestCommand, dataSpritesCommand } from './data.ts';
import { doctorCommand } from './doctor.ts';
import { evalLongCommand } from './eval-long.ts';
import { evalPromptsCommand } from './eval-prompts.ts';
import { evalSpritesCommand } from './eval.ts';
import { evalPairsCommand } from './eval-pairs.ts';
import { evalWaysCommand } from './eval-ways.ts';
import { generateCommand } from './generate.ts';
import { modelsCommands } from './models.ts';
import { serverCommands } from './serve.ts';
import { trainReportCommand } from './train-report.ts';
import { trainCommands } from './train.ts';
import { verifyCommand } from './verify.ts';

/** All commands of the `kinora` program. */
export const COMMANDS: readonly CliCommand[] = [
  generateCommand, ...againCommands, verifyCommand, ...modelsCommands, dataSpritesCommand, dataIngestCommand, ...trainCommands, trainReportCommand,
  evalSpritesCommand, evalPromptsCommand, evalPairsCommand, evalWaysCommand, evalLongCommand,
  ...serverCommands, ...archiveCommands, doctorCommand,
];

/** What the groups of commands are about; a group appears with its first row. */
export const GROUPS: Readonly<Record<string, string>> = {
  models: 'The models that are installed',
  data: 'Makes training data',
  train: 'Trains a model from a config',
  eval: 'Judges a model',
  keys: 'Keys of the clients of a server',
};
