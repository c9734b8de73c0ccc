/**
 * @file `kinora train report <run>`: the page of a run, written later from the files of its folder.
 */
import type { CliCommand } from '../program.ts';

/** The row. */
export const trainReportCommand: CliCommand = {
  path: 'train report',
  summary: 'Writes the page of a run from the files of its folder',
  example: 'kinora train report runs/dit',
  define: (command, { print }) => {
    command.argument('<run>', 'folder of a run, with metrics.jsonl')
      .action(async (run: string) => { print(await (await import('../../train/report/write.ts')).writeRunReport(run)); });
  },
};
