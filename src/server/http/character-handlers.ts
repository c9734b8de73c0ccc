/** @file Characters: kept, listed, told of, removed; so many for each key. A film that began with one has a copy of its picture and does not miss it. */
import { mkdir } from 'node:fs/promises';
import { createCharacterBody, type Character } from '../contract/contract.ts';
import { ApiError, notFound } from '../contract/errors.ts';
import { NOW, type Queryable } from '../state/db/database.ts';
import { newId } from '../state/job-row.ts';
import { modelOf } from '../workers/plan.ts';
import { fileOf, readBody } from './body.ts';
import type { Decoder } from './decoder.ts';
import { json, parse, type Caller, type Handler, type HandlerContext } from './handler.ts';
import { receive } from './upload.ts';

interface Row { readonly id: string; readonly name: string; readonly created: number }
const objectOf = ({ id, name, created }: Row): Character => ({ id, object: 'character', name, created_at: Math.floor(created / 1000) });
const OWN = '($1::text is null or owner = $1::text) and deleted is null';

/** A character that the caller sees. Throws an ApiError when there is none of that id. */
export async function characterOf(id: string, { scope }: Caller, db: Queryable): Promise<Character> {
  const [row] = await db.query<Row>(`select id, name, created from kinora_characters where ${OWN} and id = $2::text`, [scope, id]);
  if (!row) throw notFound('character', id);
  return objectOf(row);
}

/** The handlers. */
export function characterHandlers({ config: { limits }, db, store, served }: HandlerContext, decoder: Decoder)
  : Readonly<Record<'createCharacter' | 'listCharacters' | 'getCharacter' | 'deleteCharacter', Handler>> {
  const checkRoom = async (q: Queryable, owner: string): Promise<void> => {
    const [{ n }] = await q.query<{ n: number }>('select count(*)::int as n from kinora_characters where owner = $1::text and deleted is null', [owner]) as [{ n: number }];
    if (n >= limits.charactersPerKey)
      throw new ApiError(400, `this key keeps ${n} characters, as many as it may: remove one with DELETE /v1/videos/characters/{character_id}`, { code: 'too_many_characters' });
  };
  return {
    createCharacter: async ({ request, caller }) => {
      const body = await readBody(request), file = fileOf(body, 'video'), { name } = parse(createCharacterBody, body.fields), id = newId('char'), folder = store.character(id);
      if (!file) throw new ApiError(400, 'video is missing: wanted a file', { code: 'missing_required_parameter', param: 'video' });
      await checkRoom(db, caller.owner);                               // before anything is decoded
      await mkdir(folder, { recursive: true });
      try {
        const { info } = modelOf(served, undefined);
        await receive(file.bytes, { store, limits, decoder, param: 'video', as: 'film', to: `${folder}/film.png`, first: `${folder}/first.png`, fit: info, fps: info.native.fps });
        await store.keep(folder);
        await db.transaction(async (tx) => {
          await tx.query('select pg_advisory_xact_lock(4, hashtext($1::text))', [caller.owner]);   // counting and keeping are one step for each key
          await checkRoom(tx, caller.owner);
          await tx.query(`insert into kinora_characters (id, owner, name, created) values ($1::text, $2::text, $3::text, ${NOW})`, [id, caller.owner, name]);
        });
      } catch (error) { await store.discardCharacter(id).catch(() => undefined); throw error; }
      return json(await characterOf(id, caller, db));
    },
    listCharacters: async ({ caller }) =>
      json({ object: 'list', data: (await db.query<Row>(`select id, name, created from kinora_characters where ${OWN} order by created desc, id`, [caller.scope])).map(objectOf) }),
    getCharacter: async ({ param, caller }) => json(await characterOf(param('character_id'), caller, db)),
    deleteCharacter: async ({ param, caller }) => {
      const { id } = await characterOf(param('character_id'), caller, db);
      await db.query('delete from kinora_characters where id = $1::text', [id]);
      await store.discardCharacter(id);
      return json({ id, object: 'character.deleted', deleted: true });
    },
  };
}
