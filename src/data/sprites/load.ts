/**
 * @file Reads a checkout of the Liberated Pixel Cup layers into a SpriteWorld: lists the PNG files, drops those without a
 * listed author, decodes those that the wardrobe names (about 20 s, once), and keeps the compact pack in a cache file that
 * is named by a hash of every file's name, size and time of change.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { FileError } from '../../core/errors.ts';
import { fileError } from '../../media/pending.ts';
import { artistsOf, creditsOf, type Credit } from './credits.ts';
import { CELLS, cellIndex, actionLength, PackBuilder, SHEET_HEIGHT, SHEET_WIDTH, type Pack } from './sheet.ts';
import { ACTIONS, type Action } from './vocabulary.ts';
import { layersWanted } from './wardrobe.ts';

/** Decoded layers and what is known of them; immutable. */
export interface SpriteWorld {
  /** The artists of the layers in use, most layers first. */
  readonly credits: readonly Credit[];
  readonly pack: Pack;
  /** Name of a layer (path without `.png`, with `/`) → its row in the pack. */
  readonly layers: ReadonlyMap<string, number>;
  /** Files found, how many of them have a listed author, how many are in use. */
  readonly counts: { readonly files: number; readonly credited: number; readonly used: number };
  /** True when every one of the layers exists and is drawn for the action. */
  covers(layers: readonly string[], action: Action): boolean;
}

/** Options of {@link loadSpriteWorld}. */
export interface LoadSpriteWorldOptions {
  /** Folder for the decoded pack (created). Default: none, decode every time. */
  readonly cacheDir?: string;
}

const MAGIC = 'kinora-sprites-1';

/** Loads the layers under `dir`. */
export async function loadSpriteWorld(dir: string, options: LoadSpriteWorldOptions = {}): Promise<SpriteWorld> {
  const files = await listLayers(dir);
  const credited = files.filter((name) => artistsOf(name).length > 0);
  const wanted = layersWanted();
  const used = credited.filter((name) => wanted.has(name));
  if (!used.some((name) => name.startsWith('body/'))) {
    throw new FileError(`${dir} is not a checkout of the Liberated Pixel Cup layers: ${files.length} PNG files, none of them a known body/ sheet`);
  }
  const pack = await cachedPack(dir, used, options.cacheDir);
  return makeWorld(pack, { files: files.length, credited: credited.length, used: used.length });
}

function makeWorld(pack: Pack, counts: SpriteWorld['counts']): SpriteWorld {
  const layers = new Map(pack.names.map((name, i) => [name, i]));
  const drawn = new Set<string>();
  for (const [name, layer] of layers) {
    for (const action of ACTIONS) {
      const first = cellIndex(action, 'towards', 0);
      for (let i = first; i < first + actionLength(action); i++)
        if (pack.placements[(layer * CELLS.length + i) * 3]! >= 0) { drawn.add(`${name}|${action}`); break; }
    }
  }
  return { credits: creditsOf(pack.names), pack, layers, counts, covers: (names, action) => names.every((name) => drawn.has(`${name}|${action}`)) };
}

/** Names of all PNG files, sorted by code unit so that machines agree. */
async function listLayers(dir: string): Promise<string[]> {
  let found;
  try {
    found = await readdir(dir, { recursive: true, withFileTypes: true });
  } catch (cause) {
    throw new FileError(`cannot read the sprite layers in ${dir}`, { cause });
  }
  return found.filter((entry) => entry.isFile() && entry.name.endsWith('.png'))
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)).split(path.sep).join('/').slice(0, -4)).sort();
}

async function cachedPack(dir: string, names: readonly string[], cacheDir: string | undefined): Promise<Pack> {
  if (cacheDir === undefined) return decode(dir, names);
  const hash = createHash('sha256').update(MAGIC);
  const stats = await Promise.all(names.map((name) => stat(path.join(dir, `${name}.png`))));
  names.forEach((name, i) => hash.update(`${name}\0${stats[i]!.size}\0${stats[i]!.mtimeMs}\n`));
  const file = path.join(cacheDir, `sprites-${hash.digest('hex').slice(0, 24)}.bin`);
  const bytes = await readFile(file).catch(() => null);
  const cached = bytes && readPack(bytes);
  if (cached) return cached;
  const pack = await decode(dir, names);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(cacheDir, { recursive: true });
    await writeFile(temporary, packBytes(pack));
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);                             // its folder may be a file
    throw fileError('write', file, cause);
  }
  return pack;
}

async function decode(dir: string, names: readonly string[]): Promise<Pack> {
  const builder = new PackBuilder();
  for (const name of names) {
    const file = path.join(dir, `${name}.png`);
    let sheet;
    try {
      sheet = await sharp(file).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    } catch (cause) {
      throw new FileError(`cannot decode the sprite layer ${file}`, { cause });
    }
    const { width, height } = sheet.info;
    if (width !== SHEET_WIDTH || height !== SHEET_HEIGHT)
      throw new FileError(`${file} is ${width}×${height}; a sheet is ${SHEET_WIDTH}×${SHEET_HEIGHT}`);
    builder.add(name, sheet.data);
  }
  return builder.build();
}

const asBytes = (a: Uint8Array | Uint32Array | Int32Array): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

/** Magic, length of a JSON header, header (padded to 8 bytes), then the four arrays, the word arrays first. */
function packBytes(pack: Pack): Uint8Array {
  const header = { endian: endianness(), names: pack.names, blocks: pack.blocks.length, pixels: pack.pixels.length };
  const text = JSON.stringify(header);
  const head = Buffer.from(`${MAGIC}${text}${' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8)}`);
  const length = Buffer.alloc(8);
  length.writeUInt32LE(head.length, 0);
  return Buffer.concat([length, head, asBytes(pack.palettes), asBytes(pack.placements), asBytes(pack.blocks), pack.pixels]);
}

/** The pack, or null when the file is damaged or of another kind: it is made anew then. */
function readPack(file: Buffer): Pack | null {
  try {
    const bytes = new Uint8Array(file).buffer;                 // own, aligned buffer
    let at = 8 + file.readUInt32LE(0);
    const head = file.toString('utf8', 8, at);
    if (!head.startsWith(MAGIC)) return null;
    const header = JSON.parse(head.slice(MAGIC.length)) as { endian: string; names: string[]; blocks: number; pixels: number };
    const layers = header.names.length;
    const size = at + layers * 1024 + layers * CELLS.length * 12 + header.blocks * 4 + header.pixels;
    if (header.endian !== endianness() || file.length !== size) return null;
    const palettes = new Uint32Array(bytes, at, layers * 256); at += palettes.byteLength;
    const placements = new Int32Array(bytes, at, layers * CELLS.length * 3); at += placements.byteLength;
    const blocks = new Int32Array(bytes, at, header.blocks); at += blocks.byteLength;
    return { names: header.names, palettes, placements, blocks, pixels: new Uint8Array(bytes, at, header.pixels) };
  } catch {
    return null;
  }
}
