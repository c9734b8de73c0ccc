/**
 * @file The graph of one training step's first half: loss → gradients, written straight into the training state. The second half, clipping
 * and the update, is another program (optim/), since one graph must never read a weight and overwrite it.
 */
import { gradients } from '../../autodiff/gradients.ts';
import type { Backend, Program } from '../../backend/backend.ts';
import { add, reshape, sumSquares } from '../../graph/build.ts';
import { Graph, type Tensor } from '../../graph/graph.ts';
import { bindParams, listParams, type Bound } from '../../nn/param.ts';

/** What a task's loss function returns: the scalar to minimise, and scalars to log. */
export interface LossGraph {
  readonly loss: Tensor;
  readonly metrics?: Readonly<Record<string, Tensor>>;
}

/** Options of {@link compileTrainingStep}. */
export interface TrainingStepOptions<T> {
  readonly backend: Backend;
  readonly specs: T;
  /** Builds the loss; batch inputs are graph inputs of its own naming. */
  readonly build: (graph: Graph, params: Bound<T>) => LossGraph;
  /** Add to the gradients that are there instead of replacing them. */
  readonly accumulate?: boolean;
}

/** Name of a parameter's gradient among the program's outputs. */
export const gradName = (name: string): string => `grad:${name}`;

/**
 * Outputs: `loss`, `gradSquares` (sum of squares of all gradients), each metric, and `grad:<name>` per parameter.
 * With `accumulate`, inputs `sum:<name>` are added to the gradients and may be the same memory.
 */
export async function compileTrainingStep<T>({ backend, specs, build, accumulate = false }: TrainingStepOptions<T>): Promise<Program> {
  const graph = new Graph();
  const params = bindParams(graph, specs);
  const { loss, metrics = {} } = build(graph, params);
  const names = listParams(specs).map(({ name }) => name);
  const grads = gradients(loss, names.map((name) => graph.inputs.get(name)!));
  const outputs: Record<string, Tensor> = { loss: reshape(loss, []) }, aliases: Record<string, string> = {};
  for (const [name, metric] of Object.entries(metrics)) outputs[name] = reshape(metric, []);
  let squares: Tensor | undefined;
  names.forEach((name, i) => {
    let grad = grads[i]!;
    if (accumulate) {
      grad = add(grad, graph.input(`sum:${name}`, grad.shape));
      aliases[gradName(name)] = `sum:${name}`;
    }
    outputs[gradName(name)] = grad;
    const square = reshape(sumSquares(grad), []);
    squares = squares ? add(squares, square) : square;
  });
  outputs['gradSquares'] = squares!;
  return backend.compile({ outputs, aliases });
}
