/**
 * @file The packs of several films as one: segments of one shape stand together, each with captions of its own, so that the layout depends on how many segments of which shapes
 * there are and on nothing else. A segment's bits do not depend on its place (decision 016, test/property/pack.test.ts). Pure; knows nothing of who waits for what.
 */
import type { HostArray } from '../../backend/backend.ts';
import type { DiTConfig } from '../../models/dit/config.ts';
import { segmentTokens, type PackGroup, type PackLayout } from '../../models/dit/layout.ts';
import { fixedPackFeeds } from '../../models/dit/pack-feeds.ts';
import type { FilmPack } from './denoise.ts';

/** What is joined of a film's pack. */
export type PackPart = Pick<FilmPack, 'layout' | 'segments' | 'text'>;

/** Where a part's segment stands in the whole, in tokens and latent frames, and how much of both it has; in the order of the part. */
export interface Place { readonly token: number; readonly tokens: number; readonly frame: number; readonly frames: number }

/** Packs as one. */
export interface JoinedPack {
  readonly layout: PackLayout;
  /** All that is fed but weights, tokens and noise levels. */
  readonly feeds: Readonly<Record<string, HostArray>>;
  /** By part. */
  readonly places: readonly (readonly Place[])[];
}

/** A segment of a part. */
interface Member { readonly part: number; readonly segment: number }
/** Segments of one shape. */
interface Gathered { readonly group: PackGroup; readonly members: Member[] }

/** All that a shape is, by a name. */
const shapeOf = (group: PackGroup): string => JSON.stringify({ ...group, count: 1 });

/** Segments by shape, shapes in the order of their names. */
function gathered(parts: readonly Pick<PackPart, 'layout'>[]): Gathered[] {
  const shapes = new Map<string, Gathered>();
  for (const [part, { layout }] of parts.entries()) {
    let segment = 0;
    for (const group of layout.groups) {
      const shape = shapes.get(shapeOf(group)) ?? { group, members: [] };
      shapes.set(shapeOf(group), shape);
      for (let i = 0; i < group.count; i++) shape.members.push({ part, segment: segment++ });
    }
  }
  return [...shapes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, shape]) => shape);
}

/** Captions that a segment's frames refer to. */
const captionsOf = (parts: readonly PackPart[], { part, segment }: Member): number[] => [...new Set(Array.from(parts[part]!.segments[segment]!.captions))];

/** The layout of several packs as one; captions are as many as each segment needs at most, so that few layouts come by. */
export function joinedLayout(parts: readonly PackPart[]): PackLayout {
  const shapes = gathered(parts), members = shapes.flatMap((shape) => shape.members), most = Math.max(...members.map((m) => captionsOf(parts, m).length));
  return { groups: shapes.map(({ group, members: { length } }) => ({ ...group, count: length })), captions: most * members.length };
}

/** Several packs as one. Two parts at least: what is alone has its own layout. */
export function joinPacks(parts: readonly PackPart[], config: DiTConfig): JoinedPack {
  const layout = joinedLayout(parts), shapes = gathered(parts), places: Place[][] = parts.map(() => []), rows: { readonly part: number; readonly row: number }[] = [];
  let token = 0, frame = 0;
  const segments = shapes.flatMap(({ group, members }) => members.map((member) => {
    const { part, segment } = member, own = parts[part]!.segments[segment]!, tokens = segmentTokens(group), { frames } = group;
    places[part]![segment] = { token, tokens, frame, frames };
    token += tokens;
    frame += frames;
    const moved = new Map(captionsOf(parts, member).map((row) => [row, rows.push({ part, row }) - 1]));
    return { ...own, captions: Array.from(own.captions, (row) => moved.get(row)!) };
  }));
  const text = Object.keys(parts[0]!.text).map((name) => {
    const { length } = parts[0]!.text[name]!, row = length / parts[0]!.layout.captions, data = new Float32Array(row * layout.captions);
    rows.forEach(({ part, row: from }, to) => { data.set(parts[part]!.text[name]!.subarray(from * row, (from + 1) * row), to * row); });
    return [name, data] as const;
  });
  return { layout, places, feeds: { ...fixedPackFeeds(layout, segments, config), ...Object.fromEntries(text) } as Record<string, HostArray> };
}
