/**
 * @file The same training step in PyTorch, in a process of its own that runs one step per line on its standard input
 * (tools/reference/bench_train_step.py). All of PyTorch's threads; OPENBLAS_* settings of this shell are kept from it.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { InputError } from '../src/core/errors.ts';

/** Ways to run a step there. */
export type TorchMode = 'eager' | 'compiled';

/** A model in PyTorch, ready to be stepped. */
export interface TorchStep extends Disposable {
  readonly torch: string;
  readonly threads: number;
  readonly parameters: number;
  /** One step: forward, backward, clip, AdamW, running average. Throws an InputError with PyTorch's first line when it cannot. */
  step(mode: TorchMode): Promise<void>;
}

type Reply = { readonly error: string } | { readonly torch: string; readonly threads: number; readonly parameters: number } | { readonly ms: number };

/** Builds `model` in PyTorch; null where there is no python3 with torch. */
export async function openTorch(model: object): Promise<TorchStep | null> {
  const script = fileURLToPath(new URL('../tools/reference/bench_train_step.py', import.meta.url));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OPENBLAS_')));
  const child = spawn('python3', [script], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => undefined);                           // no python3: the lines end
  child.stdin.on('error', () => undefined);                     // it is gone already: likewise
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request: object): Promise<Reply | null> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    return done === true ? null : JSON.parse(value) as Reply;
  };
  const made = await ask(model);
  if (made === null) return null;
  if ('error' in made) throw new InputError(`PyTorch: ${made.error}`);
  if (!('torch' in made)) throw new InputError('PyTorch answered something else');
  return {
    ...made,
    async step(mode) {
      const reply = await ask({ step: mode });
      if (reply === null) throw new InputError('PyTorch: the process ended');
      if ('error' in reply) throw new InputError(`PyTorch, ${mode}: ${reply.error}`);
    },
    [Symbol.dispose]() { child.stdin.end(); },
  };
}
