/** @file Files as answers: whole, in one range (RFC 9110, section 14), or their head alone; with a strong tag, since a finished film never changes. */
import type { OpenAsset } from '../assets/assets.ts';
import { ApiError } from '../contract/errors.ts';

/** Options of {@link fileAnswer}. */
export interface FileAnswerOptions {
  /** Undefined when it is not there. */
  readonly file: OpenAsset | undefined;
  readonly type: string;
  /** Names these bytes and no others. */
  readonly tag: string;
  /** What a browser saves it as. */
  readonly name: string;
}

/** `bytes=a-b`, `bytes=a-`, `bytes=-n` of a file of `size` bytes; null for what asks for all or is not understood, which is to be answered with all of it. */
export function byteRange(header: string | null, size: number): { readonly start: number; readonly end: number } | 'outside' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const [, from = '', to = ''] = match;
  if (from === '') return Number(to) === 0 ? 'outside' : { start: Math.max(0, size - Number(to)), end: size - 1 };
  if (to !== '' && Number(to) < Number(from)) return null;
  return Number(from) >= size ? 'outside' : { start: Number(from), end: to === '' ? size - 1 : Math.min(size - 1, Number(to)) };
}

/** The answer to a request for a file. Throws an ApiError when the file is not there. */
export async function fileAnswer(request: Request, { file, type, tag, name }: FileAnswerOptions): Promise<Response> {
  if (!file) throw new ApiError(404, 'the file of this film is gone', { code: 'content_not_found' });
  let passed = false;
  try {
    const { bytes: size } = file, etag = `"${tag}"`;
    const headers: Record<string, string> = {
      'content-type': type, 'accept-ranges': 'bytes', etag, 'cache-control': 'private, max-age=31536000, immutable', 'content-disposition': `inline; filename="${name}"`,
    };
    if (request.headers.get('if-none-match')?.split(',').some((t) => t.trim() === etag || t.trim() === '*')) return new Response(null, { status: 304, headers });
    const condition = request.headers.get('if-range'), range = condition !== null && condition !== etag ? null : byteRange(request.headers.get('range'), size);
    if (range === 'outside') return new Response(null, { status: 416, headers: { 'content-range': `bytes */${size}` } });
    const { start, end } = range ?? { start: 0, end: size - 1 };
    headers['content-length'] = String(end - start + 1);
    if (range) headers['content-range'] = `bytes ${start}-${end}/${size}`;
    const status = range ? 206 : 200;
    if (request.method === 'HEAD') return new Response(null, { status, headers });
    passed = true;                                                                                  // the stream closes it, whether it is read to the end or not
    return new Response(await file.stream(start, end), { status, headers });
  } finally { if (!passed) await file.close(); }
}
