/** @file `kinora verify`: whether films are what their manifests say, who signed them, and what was changed. */
import { readFile } from 'node:fs/promises';
import { FileError, KinoraError } from '../../core/errors.ts';
import type { FilmVerdict } from '../../provenance/verify.ts';
import { file, nonEmpty, repeated } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';

interface Flags { readonly trust?: string; readonly json?: boolean }

/** A verdict in lines. */
function linesOf({ file: film, valid, problems, signature, generator, sources }: FilmVerdict): string[] {
  const by = generator ? `, made by ${generator.name}${generator.version === undefined ? '' : ` ${generator.version}`}${sources.length > 0 ? ` (${sources.join(', ')})` : ''}` : '';
  const lines = valid ? [`valid${by}`] : problems.map(({ message }) => `invalid: ${message}`);
  if (signature) lines.push(`signed by ${signature.signer}; issued by ${signature.issuer}; ${signature.algorithm}${signature.trusted ? '; trusted' : ''}`);
  if (signature?.selfMade && !signature.trusted)
    lines.push(`the key is self-made: ${valid ? 'valid, but ' : ''}on no trust list; it can show that a film was changed, not who made it`);
  return lines.map((line) => `${film}  ${line}`);
}

async function run(films: readonly string[], { trust, json }: Flags, { print }: CliContext): Promise<void> {
  const [{ verifyFilm }, { fileError }] = await Promise.all([import('../../provenance/verify.ts'), import('../../media/pending.ts')]);
  const roots = trust === undefined ? undefined : await readFile(trust, 'utf8').catch((cause: unknown) => { throw fileError('read', trust, cause); });
  if (roots !== undefined && !roots.includes('-----BEGIN CERTIFICATE-----')) throw new FileError(`${trust} holds no certificate: wanted PEM`);
  let invalid = 0;
  for (const film of films) {
    try {
      const verdict = await verifyFilm(film, roots === undefined ? {} : { trust: roots });
      if (!verdict.valid) invalid++;
      for (const line of json ? [JSON.stringify(verdict)] : linesOf(verdict)) print(line);
    } catch (error) {                                           // the others are looked at all the same
      if (!(error instanceof KinoraError) || films.length === 1) throw error;
      invalid++;
      print(json ? JSON.stringify({ file: film, valid: false, error: error.message }) : `${film}  ${error.message}`);
    }
  }
  if (invalid > 0) throw new FileError(films.length === 1 ? `${films[0]} is not valid` : `${invalid} of ${films.length} films are not valid`);
}

/** The row. */
export const verifyCommand: CliCommand = {
  path: 'verify',
  summary: 'Tells whether films are as they were signed, by whom, and what was changed',
  example: 'kinora verify film.mp4',
  define: (command, context) => {
    command.argument('<films...>', 'films, or folders of frames', repeated(nonEmpty('film', 'wanted a file')))
      .option('--trust <file>', 'PEM of the roots that are trusted: what leads to none of them is not valid', file('--trust'))
      .option('--json', 'print one JSON object a film')
      .action((films: readonly string[], { trust, json }: Flags) => run(films, { ...(trust === undefined ? {} : { trust }), json: json ?? false }, context));
  },
};
