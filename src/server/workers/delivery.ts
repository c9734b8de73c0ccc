/**
 * @file Delivery in a process of its own, so that films are enlarged and encoded while others are sampled: programs of the model block the thread that runs them, and the
 * encoder is one thread's work. The process is started with the first film and delivers one after the other; keys stay here, it asks for signatures. When it dies, the films
 * that it had are told so, and the next one starts another.
 */
import { spawn, type ChildProcess, type Serializable } from 'node:child_process';
import { CancelledError, FileError, InputError, ResourceError } from '../../core/errors.ts';
import { programOf } from '../../io/program-of.ts';
import type { FilmSigner } from '../../media/signer.ts';
import type { FilmSpec } from '../contract/spec.ts';

/** A film to be delivered: plain data. */
export interface DeliveryRequest {
  /** File of the native film; its record goes on into what is delivered. */
  readonly native: string;
  readonly deliver: FilmSpec['deliver'];
  /** A folder that is there and empty. */
  readonly folder: string;
  readonly signed: boolean;
}
type SignArguments = Parameters<FilmSigner['sign']>;

/** To the process. */
export type DeliveryCall =
  | { readonly film: number; readonly request: DeliveryRequest } | { readonly film: number; readonly stop: true }
  | { readonly signature: number; readonly signed: Awaited<ReturnType<FilmSigner['sign']>> } | { readonly signature: number; readonly failed: string };
/** An error, as it comes from the process. */
interface DeliveryFailure { readonly code: string; readonly message: string; /** The disk takes no more. */ readonly full?: boolean }
/** From the process. */
export type DeliveryAnswer =
  | { readonly film: number; readonly frames: number } | { readonly film: number; readonly bytes: number }
  | { readonly film: number; readonly error: DeliveryFailure }
  | { readonly film: number; readonly signature: number; readonly sign: SignArguments };

/** Beside the request. */
export interface DeliveryOptions {
  readonly signer?: FilmSigner | undefined;
  readonly signal: AbortSignal;
  /** Called for each frame. */
  readonly done?: (frames: number) => void;
}

interface Open extends DeliveryOptions { readonly resolve: (bytes: number) => void; readonly reject: (error: Error) => void }

/** An error of the process, of the class that its code says. */
function errorOf({ code, message, full }: DeliveryFailure): Error {
  if (full) return new FileError(message, { cause: Object.assign(new Error('the disk is full'), { code: 'ENOSPC' }) });
  const known = { invalid_input: InputError, file: FileError, resource: ResourceError, cancelled: CancelledError } as const;
  return Object.hasOwn(known, code) ? new known[code as keyof typeof known](message) : new Error(message);
}

/** The process, as the worker sees it. */
export class Delivery implements Disposable {
  #child: ChildProcess | undefined;
  readonly #open = new Map<number, Open>();
  #films = 0;

  /** The process that runs; undefined before the first film. */
  get pid(): number | undefined { return this.#child?.pid; }

  /** Writes what clients download into the folder; gives the film's bytes. */
  deliver(request: Omit<DeliveryRequest, 'signed'>, o: DeliveryOptions): Promise<number> {
    const child = this.#child ??= this.#start(), film = this.#films++;
    const stop = (): void => { send(child, { film, stop: true }); };
    return new Promise<number>((resolve, reject) => {
      if (o.signal.aborted) { reject(new CancelledError('cancelled', { cause: o.signal.reason })); return; }
      this.#open.set(film, { ...o, resolve, reject });
      o.signal.addEventListener('abort', stop);
      send(child, { film, request: { ...request, signed: o.signer !== undefined } });
    }).finally(() => { this.#open.delete(film); o.signal.removeEventListener('abort', stop); });
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, programOf('server/workers/deliver-main.ts', 'deliver.mjs'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
    child.on('message', (answer: DeliveryAnswer) => { this.#take(child, answer); });
    const gone = (why: string): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      for (const { reject } of this.#open.values()) reject(new Error(`the process that delivers films ended: ${why}`));
    };
    child.on('error', (error) => { gone(error.message); });
    child.on('close', (code, signal) => { gone(String(signal ?? code)); });
    return child;
  }

  #take(child: ChildProcess, answer: DeliveryAnswer): void {
    const open = this.#open.get(answer.film);
    if (!open) return;
    if ('frames' in answer) open.done?.(answer.frames);
    else if ('bytes' in answer) open.resolve(answer.bytes);
    else if ('error' in answer) open.reject(errorOf(answer.error));
    else {
      const { signature, sign } = answer;
      void open.signer!.sign(...sign).then((signed) => { send(child, { signature, signed }); }, (error: unknown) => { send(child, { signature, failed: String(error) }); });
    }
  }

  [Symbol.dispose](): void {
    const child = this.#child;
    this.#child = undefined;
    if (child?.connected) child.disconnect();                     // it ends by itself
    child?.unref();
  }
}

const send = (child: ChildProcess, call: DeliveryCall): void => { if (child.connected) child.send(call as unknown as Serializable, () => {}); };
