/**
 * @file Who signs the films of the command line: credentials of the user, in the folder of their settings, made with the first film. `KINORA_PROVENANCE` names another folder,
 * with a key and certificates of one's own.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FileError, KinoraError } from '../core/errors.ts';
import type { FilmSigner } from '../media/signer.ts';

/** Where a user's credentials lie. */
export function credentialsFolder(env: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform = process.platform): string {
  const said = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const settings = said('XDG_CONFIG_HOME') ?? (platform === 'win32' ? said('APPDATA') : undefined) ?? join(homedir(), '.config');
  return said('KINORA_PROVENANCE') ?? join(settings, 'kinora', 'provenance');
}

/** What {@link signing} is given. */
export interface SigningOptions {
  /** False: films are not signed. */
  readonly sign: boolean | undefined;
  /** Of Kinora. */
  readonly version: string;
}

/** The signer of a command's films, as an option of theirs. FileError that names the way out when there can be none. */
export async function signing({ sign = true, version }: SigningOptions): Promise<{ readonly signer?: FilmSigner }> {
  if (!sign) return {};
  const [{ openCredentials }, { filmSigner }] = await Promise.all([import('../provenance/credentials.ts'), import('../provenance/sign.ts')]);
  const credentials = await openCredentials(credentialsFolder(process.env)).catch((cause: unknown) => {
    if (!(cause instanceof KinoraError)) throw cause;
    throw new FileError(`${cause.message}; with --no-sign films are made without a signature`, { cause });
  });
  return { signer: filmSigner({ credentials, version }) };
}
