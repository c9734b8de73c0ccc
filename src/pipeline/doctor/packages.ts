/** @file The packages that Kinora calls, tried by what it calls them for: small films in every format, pictures, the embedded database, files for browsers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageVersion } from '../../io/environment.ts';
import { FFMPEG_FORMATS, FILE_FORMATS, type FileFormat } from '../../media/film-format.ts';
import type { Frames } from '../../media/frames.ts';
import { firstLine, type Check } from './check.ts';

/** What package.json says of the versions that were tested. */
export type Versions = Readonly<Record<string, string>>;

/** A command that installs a package in the version that was tested. */
export const installLine = (name: string, versions: Versions): string => `npm install --ignore-scripts ${name}@${versions[name] ?? 'latest'}`;

/** Whether a package is there, loaded or not. */
export function isInstalled(name: string): boolean {
  try { createRequire(import.meta.url).resolve(name); return true; } catch { return false; }
}

const scene = (): Frames => ({ data: Uint8Array.from({ length: 2 * 16 * 16 * 3 }, (_, i) => (i * 7) % 256), count: 2, width: 16, height: 16, channels: 3, fps: 8 });

/** Which of these formats cannot be written and read back, and why. */
async function failing(formats: readonly FileFormat[]): Promise<ReadonlyMap<FileFormat, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'kinora-doctor-')), failed = new Map<FileFormat, string>();
  try {
    const [{ writeFilm }, { readFilm }] = await Promise.all([import('../../media/sink.ts'), import('../../media/read.ts')]);
    for (const format of formats) {
      const file = join(folder, `film.${format}`);
      try {
        await writeFilm(file, scene());
        if (format === 'mp4') continue;                         // read by node-av, where that is
        const { count } = await readFilm(file);
        if (count !== 2) failed.set(format, `${count} of 2 frames came back`);
      } catch (error) { failed.set(format, firstLine(error).replaceAll(file, `a .${format}`)); }
    }
  } finally { await rm(folder, { recursive: true, force: true }); }
  return failed;
}

const dotted = (formats: readonly string[]): string => formats.map((format) => `.${format}`).join(' ');

/** A check of formats that a package makes. */
async function formatsCheck(formats: readonly FileFormat[]): Promise<Pick<Check, 'state'> & { readonly why?: string }> {
  const failed = await failing(formats).catch((error: unknown) => new Map([[formats[0]!, firstLine(error)]])), [first] = failed;
  return first ? { state: 'broken', why: `${dotted([...failed.keys()])} cannot be made (${first[1]})` } : { state: 'ok' };
}

/** All of them. */
export async function packageChecks(versions: Versions): Promise<Check[]> {
  const own = FILE_FORMATS.filter((format) => !(FFMPEG_FORMATS as readonly string[]).includes(format)), made = await formatsCheck(own), checks: Check[] = [];
  const fix = `${installLine('sharp', versions)} h264-mp4-encoder@${versions['h264-mp4-encoder']} --include=optional`;
  checks.push({ name: 'formats', needed: true, found: `${dotted(own)}, by sharp and h264-mp4-encoder`, ...made, ...(made.state === 'ok' ? {} : { fix }) });
  const name = 'ffmpeg', uses = `by node-av, for ${dotted(FFMPEG_FORMATS)} and to read films of all kinds`;
  if (!isInstalled('node-av')) checks.push({ name, needed: false, state: 'missing', found: uses, fix: installLine('node-av', versions) });
  else {
    const ffmpeg = await formatsCheck(FFMPEG_FORMATS);
    const fixed = ffmpeg.state === 'ok' ? {} : { fix: `${installLine('node-av', versions)} --include=optional` };
    checks.push({ name, needed: false, found: `${packageVersion('node-av')} ${uses}`, ...ffmpeg, ...fixed });
  }
  for (const [about, called, uses] of [
    ['embedded database', '@electric-sql/pglite', 'of kinora serve, where there is no PostgreSQL'],
    ['films in browsers', 'onnxruntime-web', 'whose WebAssembly pages of kinora/web load'],
  ] as const) {
    const there = isInstalled(called), found = `${called}${there ? ` ${packageVersion(called)}` : ''}, ${uses}`, common = { name: about, needed: false, found };
    checks.push(there ? { ...common, state: 'ok' } : { ...common, state: 'missing', fix: installLine(called, versions) });
  }
  return checks;
}
