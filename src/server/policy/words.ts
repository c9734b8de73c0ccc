/**
 * @file Words that a server's prompts may not hold: a list of words and phrases, and a search that small disguises do not escape. A list of words is coarse: it knows no
 * context, and refuses who tells of such things to warn of them. Who serves others reads it, and brings a list or a hook of their own.
 */
import { readFile } from 'node:fs/promises';
import { FileError } from '../../core/errors.ts';

/** What prompts may not hold when nothing is said. */
const DEFAULT_WORDS: readonly string[] = [
  'child porn', 'child pornography', 'child sex', 'child abuse', 'csam', 'lolicon', 'shotacon', 'underage sex', 'naked child', 'naked children', 'nude child', 'nude children',
  'porn', 'porno', 'pornography', 'pornographic', 'hentai', 'xxx', 'nude', 'nudes', 'naked', 'sex scene', 'having sex',
  'blowjob', 'masturbating', 'bestiality', 'zoophilia', 'necrophilia',
  'rape', 'raping', 'raped', 'rapist', 'incest', 'snuff', 'beheading', 'beheaded', 'decapitation', 'decapitated', 'disembowelled', 'gore', 'torture porn', 'suicide', 'self-harm',
  'swastika', 'nazi', 'nazis', 'hitler', 'ethnic cleansing', 'lynching', 'school shooting', 'terrorist attack',
  '儿童色情', '幼女', '色情', '裸体', '裸照', '全裸', '性交', '做爱', '口交', '手淫', '强奸', '轮奸', '乱伦', '兽交', '恋童', '斩首', '砍头', '虐杀', '分尸', '自杀', '自残', '纳粹', '希特勒', '种族清洗', '恐怖袭击',
];

const HAN = /\p{Script=Han}/u;

/** Text as it is compared: compatible forms, accents, case and what is not seen are one; all that is neither letter nor digit is one space. */
const plain = (text: string): string =>
  text.normalize('NFKD').replaceAll(/\p{M}|\p{Cf}/gu, '').normalize('NFKC').toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim();

/** A list of words to look for. */
export class WordList {
  readonly #words: readonly { readonly word: string; readonly found: (text: string) => boolean }[];

  constructor(words: readonly string[] = DEFAULT_WORDS) {
    this.#words = words.map((word) => {
      const sought = plain(word);
      if (sought === '') return { word, found: () => false };
      if (!HAN.test(sought)) return { word, found: (text: string) => ` ${text} `.includes(` ${sought} `) };   // whole words: "grape" holds none
      const close = sought.replaceAll(' ', '');
      return { word, found: (text: string) => text.replaceAll(' ', '').includes(close) };
    });
  }

  /** The first word of the list that the text holds, as the list writes it. */
  find(text: string): string | undefined {
    const read = plain(text);
    return this.#words.find(({ found }) => found(read))?.word;
  }
}

/** A list of a file: a word or phrase a line; what begins with # is a remark. Throws a FileError. */
export async function readWordList(file: string): Promise<WordList> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(`cannot read the policy's words ${file}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`, { cause });
  });
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const empty = lines.find((line) => plain(line) === '');
  if (empty !== undefined) throw new FileError(`${file}: "${empty}" holds neither letter nor digit, so it is in no prompt`);
  return new WordList(lines);
}
