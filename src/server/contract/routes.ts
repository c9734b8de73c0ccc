/**
 * @file The table of routes: method, path, and the schemas of what goes in and comes out. The server answers what stands here and nothing else (app.ts needs a handler for
 * each row), and the OpenAPI document is made of it (openapi.ts).
 */
import type { z } from 'zod';
import {
  capabilities, character, characterList, contentQuery, createCharacterBody, createVideoBody, deletedCharacter, deletedVideo, editVideoBody, extendVideoBody,
  listQuery, modelList, modelObject, moveVideoBody, readiness, remixVideoBody, updateVideoBody,
  video, videoList, videoPreview,
} from './contract.ts';

/** One row. */
export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI has it. */
  readonly path: string;
  readonly summary: string;
  /** Whether it answers without a key. */
  readonly open?: true;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** A file that the body may hold as a form, by its field. */
  readonly file?: { readonly field: string; readonly required: boolean };
  /** Schema of the JSON that comes out, or its media types. */
  readonly answer: z.ZodType | readonly string[];
  /** Schemas of what the events of a stream hold. */
  readonly events?: readonly z.ZodType[];
}

/** Routes by name; of two that match, the one that stands first is taken. */
export const ROUTES = {
  createVideo: { method: 'post', path: '/v1/videos', summary: 'Makes a film from words', body: createVideoBody,
    file: { field: 'input_reference', required: false }, answer: video },
  listVideos: { method: 'get', path: '/v1/videos', summary: 'Lists films, newest first', query: listQuery, answer: videoList },
  editVideo: { method: 'post', path: '/v1/videos/edits', summary: 'Makes a film anew from another', body: editVideoBody, file: { field: 'video', required: false }, answer: video },
  extendVideo: { method: 'post', path: '/v1/videos/extensions', summary: 'Lets a film go on', body: extendVideoBody, file: { field: 'video', required: false }, answer: video },
  createCharacter: {
    method: 'post', path: '/v1/videos/characters', summary: 'Keeps the subject of a short film for later ones', body: createCharacterBody,
    file: { field: 'video', required: true }, answer: character,
  },
  listCharacters: { method: 'get', path: '/v1/videos/characters', summary: 'Lists characters, newest first', answer: characterList },
  getCharacter: { method: 'get', path: '/v1/videos/characters/{character_id}', summary: 'Tells of a character', answer: character },
  deleteCharacter: { method: 'delete', path: '/v1/videos/characters/{character_id}', summary: 'Removes a character; films that began with it stay', answer: deletedCharacter },
  getVideo: { method: 'get', path: '/v1/videos/{video_id}', summary: 'Tells of a film and its job', answer: video },
  deleteVideo: { method: 'delete', path: '/v1/videos/{video_id}', summary: 'Removes a film; stops it first when it is being made', answer: deletedVideo },
  restoreVideo: { method: 'post', path: '/v1/videos/{video_id}/restore', summary: 'Brings a finished film back that was deleted, as long as the trash keeps it', answer: video },
  cancelVideo: { method: 'post', path: '/v1/videos/{video_id}/cancel', summary: 'Stops a film; it stays listed as failed, with the code cancelled', answer: video },
  retryVideo: { method: 'post', path: '/v1/videos/{video_id}/retry', summary: 'A new attempt at a film that failed, with the same settings; an attempt that goes on is answered',
    answer: video },
  pauseVideo: { method: 'post', path: '/v1/videos/{video_id}/pause', summary: 'Holds a film that waits; its status stays queued', answer: video },
  resumeVideo: { method: 'post', path: '/v1/videos/{video_id}/resume', summary: 'Lets a paused film be made', answer: video },
  moveVideo: { method: 'post', path: '/v1/videos/{video_id}/move', summary: 'Puts a waiting film in another place of its queue', body: moveVideoBody, answer: video },
  updateVideo: { method: 'post', path: '/v1/videos/{video_id}/update', summary: 'Changes words and settings of a film that still waits', body: updateVideoBody, answer: video },
  remixVideo: { method: 'post', path: '/v1/videos/{video_id}/remix', summary: 'Other words on the noise of a film', body: remixVideoBody, answer: video },
  videoContent: {
    method: 'get', path: '/v1/videos/{video_id}/content', summary: 'The film, a thumbnail, or a sheet of its frames; ranges are answered', query: contentQuery,
    answer: ['video/mp4', 'image/webp', 'image/jpeg'],
  },
  videoEvents: {
    method: 'get', path: '/v1/videos/{video_id}/events', summary: 'The object whenever it changes, as it stands first; as `video.preview` what the film looks like so far',
    answer: ['text/event-stream'], events: [video, videoPreview],
  },
  listModels: { method: 'get', path: '/v1/models', summary: 'Models, and names that mean them', answer: modelList },
  getModel: { method: 'get', path: '/v1/models/{model}', summary: 'One model', answer: modelObject },
  getCapabilities: { method: 'get', path: '/v1/capabilities', summary: 'What each model can do', answer: capabilities },
  openapi: { method: 'get', path: '/openapi.json', summary: 'This document', open: true, answer: ['application/json'] },
  livez: { method: 'get', path: '/livez', summary: 'The process answers', open: true, answer: readiness },
  readyz: { method: 'get', path: '/readyz', summary: 'Films can be made', open: true, answer: readiness },
  healthz: { method: 'get', path: '/healthz', summary: 'The same', open: true, answer: readiness },
  metrics: { method: 'get', path: '/metrics', summary: 'Numbers for Prometheus', answer: ['text/plain'] },
} as const satisfies Readonly<Record<string, Route>>;
export type RouteName = keyof typeof ROUTES;
