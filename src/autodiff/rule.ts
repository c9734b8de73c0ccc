/**
 * @file The contract of a gradient rule: from the gradient of an op's output to the gradients of its inputs (vector–Jacobian product).
 */
import type { Tensor } from '../graph/graph.ts';
import type { OpName, OpParams } from '../graph/ops.ts';

/** What a rule sees of one node. */
export interface RuleContext<K extends OpName> {
  readonly params: OpParams[K];
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** Gradient of the loss with respect to the output, of the output's shape. */
  readonly grad: Tensor;
  /** Which inputs want a gradient. */
  readonly wanted: readonly boolean[];
}

/** Gradient per input; null where it is zero everywhere (comparisons, indices, triggers). Entries that are not wanted are ignored. */
export type Rule<K extends OpName> = (context: RuleContext<K>) => readonly (Tensor | null)[];

/** A rule for each op of a family. */
export type RulesFor<K extends OpName> = { readonly [Op in K]: Rule<Op> };
