/**
 * @file Who decodes uploads: a process for each, without the server's environment, ended when it takes too long or holds more memory than it may; and no more of them at a
 * time than the configuration says: whoever comes then waits a while, and is told to come again.
 */
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { programOf } from '../../io/program-of.ts';
import type { ServerConfig } from '../contract/config.ts';
import { ApiError } from '../contract/errors.ts';
import type { DecodeRequest, DecodeResult } from '../workers/decode.ts';

type Limits = ServerConfig['limits'];

/** Decodes a file of ours; the tests' one does so in the same process. */
export type Decoder = (request: DecodeRequest, limits: Pick<Limits, 'decodeMs' | 'decodeBytes'>) => Promise<DecodeResult>;

/** Mebibytes of JavaScript's own memory in a decoding process. */
const HEAP_MIB = 256;
/** Milliseconds between looks at a process's memory: where the system tells it in a file, and where a program has to be asked. */
const LOOK_MS = 20, ASK_MS = 250;
/** Seconds after which a client may come again. */
const AGAIN_S = 5;

/** Bytes of memory that a process holds; 0 when it is gone, or nobody tells (Windows). */
async function residentBytes(pid: number): Promise<number> {
  if (process.platform === 'linux') return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 0);
  if (process.platform === 'win32') return 0;
  return 1024 * Number((await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => ({ stdout: '0' }))).stdout);
}

/** A decoder that starts Node with these arguments for each upload. */
export const decoderOf = (argv: readonly string[]): Decoder => (request, { decodeMs, decodeBytes }) => new Promise((resolve, reject) => {
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, ...argv], {
    stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: process.env['PATH'] ?? '', MALLOC_ARENA_MAX: '2' }, timeout: decodeMs, killSignal: 'SIGKILL',
  });
  let text = '', large = false, looking = false;
  const look = async (): Promise<void> => {
    if (looking || child.pid === undefined) return;
    looking = true;
    if (await residentBytes(child.pid) > decodeBytes && child.exitCode === null && child.signalCode === null) { large = true; child.kill('SIGKILL'); }
    looking = false;
  };
  const watch = setInterval(() => { void look(); }, process.platform === 'linux' ? LOOK_MS : ASK_MS);
  child.stdout.on('data', (data: Buffer) => { if (text.length < 10_000) text += data.toString('utf8'); });
  child.on('error', (error) => { clearInterval(watch); reject(error); });
  child.stdin.on('error', () => {});
  child.on('close', (_, signal) => {
    clearInterval(watch);
    try { resolve(JSON.parse(text) as DecodeResult); } catch {
      resolve({ wrong: large ? `it takes more than ${Math.floor(decodeBytes / 2 ** 20)} MiB of memory to decode`
        : signal ? `it could not be decoded within ${decodeMs / 1000} s` : 'the decoder gave up on it' });
    }
  });
  child.stdin.end(JSON.stringify(request));
});

/** A decoder that starts a process of ours for each upload. */
export const processDecoder: Decoder = (request, limits) => decoderOf(programOf('server/workers/decode-main.ts', 'decode.mjs'))(request, limits);

/** Options of {@link bounded}. */
export interface BoundedOptions {
  readonly limits: Pick<Limits, 'decoders' | 'decodeWaitMs'>;
  /** Told of each that was sent away. */
  readonly refused: () => void;
}

/** A decoder that does so much at a time; who has waited too long for a turn gets an ApiError. */
export function bounded(decoder: Decoder, { limits: { decoders, decodeWaitMs }, refused }: BoundedOptions): Decoder {
  const waiting: (() => void)[] = [];
  let free = decoders;
  const turn = (): Promise<void> => new Promise((resolve, reject) => {
    const take = (): void => { clearTimeout(late); resolve(); };
    const late = setTimeout(() => {
      waiting.splice(waiting.indexOf(take), 1);
      refused();
      reject(new ApiError(503, `${decoders} uploads are being decoded, and none was done within ${decodeWaitMs / 1000} s; try again`,
        { code: 'decoders_busy', retryAfter: AGAIN_S }));
    }, decodeWaitMs);
    waiting.push(take);
  });
  return async (request, limits) => {
    if (free > 0) free--; else await turn();
    try { return await decoder(request, limits); } finally {
      const next = waiting.shift();
      if (next) next(); else free++;
    }
  };
}
