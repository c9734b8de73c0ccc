/**
 * @file The process that delivers films for a worker (delivery.ts), one after the other. It ends when the worker does; signals that both get are the worker's to answer.
 */
import { CancelledError, KinoraError } from '../../core/errors.ts';
import { isDiskFull } from '../../media/pending.ts';
import { readFilm, readMetadata } from '../../media/read.ts';
import type { FilmSigner } from '../../media/signer.ts';
import { deliverFilm } from './deliver.ts';
import type { DeliveryAnswer, DeliveryCall, DeliveryRequest } from './delivery.ts';

type Signed = Awaited<ReturnType<FilmSigner['sign']>>;
const stopped = new Set<number>(), signatures = new Map<number, { resolve: (signed: Signed) => void; reject: (error: Error) => void }>();
const tell = (answer: DeliveryAnswer): void => { if (process.connected) process.send!(answer); };
let asked = 0, turn = Promise.resolve();

/** Signatures are the worker's. */
const signerOf = (film: number): Pick<FilmSigner, 'sign'> => ({
  sign: (...sign) => new Promise((resolve, reject) => {
    const signature = asked++;
    signatures.set(signature, { resolve, reject });
    tell({ film, signature, sign });
  }),
});

async function deliver(film: number, { native, deliver: wanted, folder, signed }: DeliveryRequest): Promise<number> {
  const check = (): void => { if (stopped.has(film)) throw new CancelledError('cancelled'); };
  check();
  return deliverFilm({
    native: await readFilm(native), deliver: wanted, folder, metadata: await readMetadata(native), signer: signed ? signerOf(film) as FilmSigner : undefined,
    done: (frames) => { check(); tell({ film, frames }); },
  });
}

process.on('message', (call: DeliveryCall) => {
  if ('request' in call) {
    const { film, request } = call;
    turn = turn.then(() => deliver(film, request)).then((bytes) => { tell({ film, bytes }); }, (error: unknown) => {
      const told = error instanceof KinoraError ? { code: error.code, message: error.message } : { code: 'internal', message: String((error as Error).stack ?? error) };
      tell({ film, error: isDiskFull(error) ? { ...told, full: true } : told });
    }).finally(() => { stopped.delete(film); });
  } else if ('stop' in call) stopped.add(call.film);
  else {
    const open = signatures.get(call.signature);
    signatures.delete(call.signature);
    if ('signed' in call) open?.resolve(call.signed); else open?.reject(new Error(call.failed));
  }
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
process.on('disconnect', () => { process.exit(0); });
