/**
 * @file A dataset that `kinora data ingest` wrote as a source of clips: read once, split into training and held-out clips by a seed. What is held out are whole sources where
 * there are many, else whole shots, else clips, so that as far as possible no clip is validated whose neighbour was learnt.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../core/errors.ts';
import { draws } from '../../core/random.ts';
import { DATASET_FILES, readClip, readManifest } from '../../data/footage/dataset.ts';
import type { ClipRow } from '../../data/footage/journal.ts';
import type { Split } from '../../data/sprites/world.ts';
import { sha256 } from '../../io/safetensors.ts';
import type { Frames } from '../../media/frames.ts';
import { SPACE_FACTOR } from '../../models/vae/config.ts';
import type { ClipRef, ClipSource, PieceRequest } from './clip-source.ts';
import { shapeName, type ClipShape } from './clip-shape.ts';
import { drawnOrder } from './turns.ts';

/** A clip of a dataset, the shape that is trained on, and the size of its file, bytes. */
interface Stored { readonly row: ClipRow; readonly shape: ClipShape; readonly bytes: number }

/** A dataset, opened. */
export interface Footage {
  readonly dir: string;
  readonly fps: number;
  /** By {@link shapeName}, shapes with most clips first; clips in the dataset's order. */
  readonly clips: Readonly<Record<Split, ReadonlyMap<string, readonly Stored[]>>>;
  /** Shapes of clips that are left out, one entry a clip: not even the smallest latent frame fits into them. */
  readonly tooSmall: readonly string[];
}

/** How a dataset is split. */
export interface FootageOptions {
  readonly seed: number;
  /** Share of clips that are held out, at least one clip. */
  readonly heldout: number;
  /** For a transformer, latent rows and columns of a token: clips are cut to {@link tokenShape}. Default: they stay as they are. */
  readonly patch?: number;
}

/** Tokens of a latent frame are a multiple of this (see runLength of the pack layout). */
const TOKEN_MULTIPLE = 16;

/** The largest shape inside a clip's whose latent frames are whole tokens, and a multiple of sixteen of them; of equal ones the one nearest to its ratio. Undefined for none. */
export function tokenShape({ frames, width, height }: ClipShape, patch: number): ClipShape | undefined {
  const token = SPACE_FACTOR * patch, ratio = Math.log(width / height);
  let best: ClipShape | undefined, most = 0, bent = Infinity;
  for (let w = 1; w * token <= width; w++) for (let h = 1; h * token <= height; h++) {
    const off = Math.abs(Math.log(w / h) - ratio);
    if (w * h % TOKEN_MULTIPLE !== 0 || w * h < most || (w * h === most && off >= bent)) continue;
    [best, most, bent] = [{ frames, width: w * token, height: h * token }, w * h, off];
  }
  return best;
}

/** What the clip is: all that was measured of it but its caption, which may be put right without the pixels being other ones. */
const identityOf = ({ row: { caption: _c, captionFrom: _f, tags: _t, ...row }, shape, bytes }: Stored): string => JSON.stringify([row, shapeName(shape), bytes]);

/** Members by what `key` says of them, in the order in which they first come. */
function groupBy<T>(members: readonly T[], key: (member: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const member of members) {
    const group = groups.get(key(member));
    if (group) group.push(member);
    else groups.set(key(member), [member]);
  }
  return groups;
}

/** The rows that are held out: groups in drawn order as far as they fit into the share. */
function heldoutOf(rows: readonly ClipRow[], { seed, heldout }: FootageOptions): Set<ClipRow> {
  const most = Math.max(1, Math.round(heldout * rows.length)), out = new Set<ClipRow>();
  const levels = [(row: ClipRow) => row.source, (row: ClipRow) => `${row.source}\n${row.shot}`, (row: ClipRow) => row.file];
  const grouped = levels.map((key) => [...groupBy(rows, key)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group));
  const groups = grouped.find((of) => of.length * most >= rows.length) ?? grouped.at(-1)!;        // then the smallest group is not more than the share
  for (const i of drawnOrder(groups.length, { seed, name: 'heldout', epoch: 0 }))
    if (out.size + groups[i]!.length <= most) for (const row of groups[i]!) out.add(row);
  return out;
}

/** Clips by shape, the most frequent shape first. */
function byShape(clips: readonly Stored[]): ReadonlyMap<string, readonly Stored[]> {
  return new Map([...groupBy(clips, ({ shape }) => shapeName(shape))].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1)));
}

/** Opens a dataset. Throws an InputError when there is none, or when it has too few clips to train and to validate on. */
export async function openFootage(dir: string, o: FootageOptions): Promise<Footage> {
  const manifest = join(dir, DATASET_FILES.manifest);
  if (!await stat(manifest).then((s) => s.isFile(), () => false))
    throw new InputError(`${dir} is no dataset: wanted a folder with ${DATASET_FILES.manifest}, as kinora data ingest makes it`);
  const all = await readManifest(dir), sizeOf = ({ frames, width, height }: ClipRow): ClipShape => ({ frames, width, height }), shapes = new Map<string, ClipShape | undefined>();
  for (const size of all.map(sizeOf)) if (!shapes.has(shapeName(size))) shapes.set(shapeName(size), o.patch === undefined ? size : tokenShape(size, o.patch));
  const shapeFor = (row: ClipRow): ClipShape | undefined => shapes.get(shapeName(sizeOf(row))), rows = all.filter((row) => shapeFor(row) !== undefined);
  const tooSmall = all.filter((row) => shapeFor(row) === undefined).map((row) => shapeName(sizeOf(row)));
  if (rows.length === 0 && tooSmall.length > 0)
    throw new InputError(`all clips of ${dir} are too small (${[...new Set(tooSmall)].join(', ')}): frames need room for ${TOKEN_MULTIPLE} tokens of `
      + `${SPACE_FACTOR * o.patch!}×${SPACE_FACTOR * o.patch!} pixels, as 32x32 has with "patch" 1`);
  if (rows.length < 2) throw new InputError(`the dataset ${dir} has ${rows.length === 0 ? 'no clips' : 'one clip'}: wanted at least 2, one to train on and one to hold out`);
  const heldout = heldoutOf(rows, o);
  const stored = await Promise.all(rows.map(async (row): Promise<Stored> => {
    const file = join(dir, row.file), { size } = await stat(file).catch((cause: Error) => {
      throw new InputError(`the dataset ${dir} lacks ${row.file}, which its ${DATASET_FILES.manifest} names: ingest again into a new folder`, { cause });
    });
    return { row, shape: shapeFor(row)!, bytes: size };
  }));
  const clips = { train: byShape(stored.filter(({ row }) => !heldout.has(row))), heldout: byShape(stored.filter(({ row }) => heldout.has(row))) };
  return { dir, fps: rows[0]!.fps, clips, tooSmall };
}

/** All clips of a split. */
export const clipsOf = ({ clips }: Footage, split: Split): Stored[] => [...clips[split].values()].flat();

type Size = PieceRequest['size'];
const isIn = (size: Size, { frames, width, height }: Size): boolean => size.frames <= frames && size.width <= width && size.height <= height;

/** Clips of which a piece of a size can be cut. */
export const largeEnough = (footage: Footage, split: Split, size: Size): ClipRow[] => clipsOf(footage, split).map(({ row }) => row).filter((row) => isIn(size, row));

/** A part of a clip: frames `t` …, pixels from column `x` and row `y` on. */
function cut(clip: Frames, { frames, width, height }: Size, { t, x, y }: { t: number; x: number; y: number }): Frames {
  const data = new Uint8Array(frames * height * width * 3);
  for (let i = 0; i < frames; i++) for (let row = 0; row < height; row++) {
    const from = (((t + i) * clip.height + y + row) * clip.width + x) * 3;
    data.set(clip.data.subarray(from, from + width * 3), (i * height + row) * width * 3);
  }
  return { ...clip, data, count: frames, width, height };
}

/** The clips of a dataset; `main` is the shape that is validated first. */
export function footageSource(footage: Footage, main: ClipShape): ClipSource {
  const of = (split: Split, shape: ClipShape): readonly Stored[] => footage.clips[split].get(shapeName(shape)) ?? [];
  const storedOf = ({ split, shape, index }: ClipRef): Stored => {
    const found = of(split, shape)[index];
    if (!found) throw new InputError(`the dataset ${footage.dir} has no clip ${index} of ${shapeName(shape)}; it has ${[...footage.clips[split].keys()].join(', ')}`);
    return found;
  };
  const eligible = new Map<string, ClipRow[]>(), orders = new Map<string, { readonly epoch: number; readonly order: readonly number[] }>();
  return {
    main,
    fingerprint(tokenizer) {
      const told = (['train', 'heldout'] as const).map((split) => clipsOf(footage, split).map((clip) =>
        [identityOf(clip), clip.row.caption, tokenizer ? [...tokenizer.encode(clip.row.caption).ids] : []]));
      return sha256(JSON.stringify(told)).slice(0, 16);
    },
    async clip(ref) {
      const { row, shape } = storedOf(ref), clip = await readClip(footage.dir, row), half = (whole: number, part: number): number => (whole - part) >> 1;
      return shape.width === row.width && shape.height === row.height ? clip
        : cut(clip, shape, { t: 0, x: half(row.width, shape.width), y: half(row.height, shape.height) });
    },
    caption: (ref) => storedOf(ref).row.caption,
    framesBefore({ shape }) { throw new InputError(`clips of a dataset know no deeds, ${shapeName(shape)} asks for some`); },
    async piece({ key, split, size }) {
      const name = `${split}/${shapeName(size)}`, rows = eligible.get(name) ?? largeEnough(footage, split, size), d = draws(key);
      eligible.set(name, rows);
      if (rows.length === 0) throw new InputError(`no ${split} clip of ${footage.dir} is as large as ${shapeName(size)}; it has ${[...footage.clips[split].keys()].join(', ')}`);
      const row = d.pick(rows), clip = await readClip(footage.dir, row);
      const at = { t: d.int(row.frames - size.frames + 1), x: d.int(row.width - size.width + 1), y: d.int(row.height - size.height + 1) };
      return { frames: cut(clip, size, at), silhouette: new Uint8Array(size.frames * size.width * size.height) };
    },
    prompts(_seed, count) {
      const clips = of('heldout', main);
      return Array.from({ length: count }, (_, i) => clips[i % clips.length]!.row.caption);
    },
    stock: {
      count: (split, shape) => of(split, shape).length,
      identity: (split, shape) => of(split, shape).map(identityOf),
      turn(seed, shape, position) {
        const name = shapeName(shape), clips = of('train', shape).length, epoch = Math.floor(position / clips), known = orders.get(name);
        const order = known?.epoch === epoch ? known.order : drawnOrder(clips, { seed, name, epoch });
        orders.set(name, { epoch, order });
        return order[position % clips]!;
      },
    },
  };
}
