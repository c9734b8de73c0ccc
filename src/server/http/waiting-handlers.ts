/** @file What clients do with a film that waits: hold it, let it go on, move it, change it. One that does not wait is a conflict that says what it is. */
import { readBody } from './body.ts';
import { moveVideoBody, updateVideoBody, type MoveVideoBody } from '../contract/contract.ts';
import { ApiError, notFound } from '../contract/errors.ts';
import { parse, type Caller, type Handler, type HandlerContext } from './handler.ts';
import type { JobRow } from '../state/job-row.ts';
import { allow } from './allow.ts';
import { planUpdate } from './update.ts';
import { WaitingJobs, type Place } from '../state/waiting.ts';

/** What these handlers have beside the others' context. */
export interface WaitingContext extends HandlerContext {
  /** A film that the caller sees; else an ApiError. */
  readonly find: (id: string, caller: Caller) => Promise<JobRow>;
  readonly answer: (row: JobRow) => Promise<Response>;
}

/** How often a change is planned anew because another one came in between. */
const TRIES = 8;

function placeOf(body: MoveVideoBody): Place {
  const given = Object.entries(body).filter(([, value]) => value !== undefined);
  const wrong = given.length === 0 ? 'nothing says where to' : `${given.map(([key]) => key).join(' and ')} exclude each other`;
  if (given.length !== 1) throw new ApiError(400, `${wrong}: give one of position, before, after`,
    { code: given.length === 0 ? 'missing_required_parameter' : 'invalid_value', param: given[1]?.[0] ?? 'position' });
  return body as Place;
}

/** The handlers. */
export function waitingHandlers(c: WaitingContext): Readonly<Record<'pauseVideo' | 'resumeVideo' | 'moveVideo' | 'updateVideo', Handler>> {
  const { find, answer, config, served } = c, waiting = new WaitingJobs(c.db, (id) => { c.jobs.told(id); }), plan = { served, limits: config.limits, sizes: config.sizes };
  /** Why nothing could be done with it. */
  const refused = async (id: string, caller: Caller): Promise<ApiError> => {
    const { status } = await find(id, caller);
    return new ApiError(409, `the film ${id} does not wait: it is ${status}`, { code: 'video_not_waiting', retry: false });
  };
  const pause = (paused: boolean): Handler => async ({ param, caller }) => {
    const { id } = await find(param('video_id'), caller), row = await waiting.pause(id, paused);
    if (!row) throw await refused(id, caller);
    return answer(row);
  };
  return {
    pauseVideo: pause(true),
    resumeVideo: pause(false),
    moveVideo: async ({ request, param, caller }) => {
      const { fields } = await readBody(request), place = placeOf(parse(moveVideoBody, fields)), { id } = await find(param('video_id'), caller);
      const beside = 'before' in place ? place.before : 'after' in place ? place.after : undefined;
      if (beside !== undefined && !await c.jobs.get(beside, caller.scope)) throw notFound('video', beside);
      const row = await waiting.move(id, place);
      if (row === 'not waiting') throw await refused(id, caller);
      if (row === 'no place')
        throw new ApiError(409, `${beside} is not among the other films of this key that wait`,
          { code: 'video_not_waiting', param: 'before' in place ? 'before' : 'after', retry: false });
      return answer(row);
    },
    updateVideo: async ({ request, param, caller }) => {
      const { fields } = await readBody(request), change = parse(updateVideoBody, fields);
      for (let i = 0; i < TRIES; i++) {
        const row = await find(param('video_id'), caller);
        if (row.status !== 'queued') throw await refused(row.id, caller);
        const planned = await planUpdate(row, change, plan);
        await allow(planned.spec, c);
        const updated = await waiting.replan(row.id, row.spec, planned);
        if (updated) return answer(updated);
      }
      throw new ApiError(409, 'others change this film all the time; try again', { code: 'video_changed', retry: true });
    },
  };
}
