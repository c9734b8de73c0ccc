/** @file What an ingest knows so far, on top of its journal: clips, refusals, sources that are done, hashes of what is kept. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../core/errors.ts';
import { discardAllLeft, fileError } from '../../media/pending.ts';
import { DATASET_FILES } from './dataset.ts';
import { DuplicateIndex } from './duplicates.ts';
import { type ClipRow, type DoneRow, Journal, JOURNAL_VERSION, type JournalRow, type RefusedRow } from './journal.ts';

/** Opens the journal of a dataset's folder, which is made if it is not there. Throws an InputError when the folder holds something else, or was begun in another way. */
export async function openJournal(out: string, options: string): Promise<Journal> {
  await mkdir(join(out, DATASET_FILES.clips), { recursive: true }).catch((cause: unknown) => { throw fileError('make', out, cause); });
  const names = await readdir(out), ours: readonly string[] = Object.values(DATASET_FILES);
  const other = names.find((name) => !ours.includes(name) && !name.startsWith('.'));
  if (other !== undefined && !names.includes(DATASET_FILES.journal)) throw new InputError(`${out} holds other files (${other}): name a new folder for the dataset`);
  for (const folder of [out, join(out, DATASET_FILES.clips)]) await discardAllLeft(folder);
  const journal = await Journal.open(join(out, DATASET_FILES.journal)), first = journal.before[0];
  if (first === undefined) await journal.add({ kind: 'begin', kinora: 'footage', version: JOURNAL_VERSION, options });
  else if (first.kind !== 'begin' || first.version !== JOURNAL_VERSION) {
    await journal.close();
    throw new InputError(`${out} was begun by another version of Kinora, which makes other clips: name a new folder for the dataset`);
  } else if (first.options !== options) {
    await journal.close();
    throw new InputError(`${out} was begun with other options (${first.options}, now ${options}): name a new folder for the dataset`);
  }
  return journal;
}

const partKey = (r: { readonly source: string; readonly shot: number; readonly part: number }): string => `${r.source}#${r.shot}#${r.part}`;
/** Shots are told apart by their source and number: parts of one are no duplicates of each other. */
export const sceneOf = (r: { readonly source: string; readonly shot: number }): string => `${r.source}#${r.shot}`;

/** What an ingest knows so far; every row goes to the journal first. */
export class Ledger {
  readonly clips: ClipRow[] = [];
  readonly refused: RefusedRow[] = [];
  readonly done = new Map<string, DoneRow>();
  readonly index = new DuplicateIndex();
  readonly #journal: Journal;
  readonly #parts = new Set<string>();

  constructor(journal: Journal) { this.#journal = journal; for (const row of journal.before) this.#take(row); }

  knows(part: { readonly source: string; readonly shot: number; readonly part: number }): boolean { return this.#parts.has(partKey(part)); }

  async add(row: JournalRow): Promise<void> { await this.#journal.add(row); this.#take(row); }

  #take(row: JournalRow): void {
    switch (row.kind) {
      case 'begin': break;
      case 'done': this.done.set(row.source, row); break;
      case 'clip': this.clips.push(row); this.#parts.add(partKey(row)); this.index.add(row.file, sceneOf(row), row.hash); break;
      case 'refused': this.refused.push(row); this.#parts.add(partKey(row)); break;
      default: row satisfies never;
    }
  }
}
