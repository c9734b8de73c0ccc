/**
 * @file Gradient rules of element-wise ops.
 */
import type { BinaryOp, UnaryOp } from '../../graph/ops.ts';
import { add, cos, div, exp, greater, mul, neg, reciprocal, relu, sigmoid, sin, sub, sumTo } from '../../graph/build.ts';
import type { Tensor } from '../../graph/graph.ts';
import type { RulesFor } from '../rule.ts';

/** Unary functions: gradient = output gradient × derivative. */
export const unaryRules: RulesFor<UnaryOp> = {
  neg: ({ grad }) => [neg(grad)],
  exp: ({ grad, output }) => [mul(grad, output)],
  log: ({ grad, inputs: [x] }) => [div(grad, x!)],
  sqrt: ({ grad, output }) => [mul(grad, mul(reciprocal(output), 0.5))],
  reciprocal: ({ grad, output }) => [neg(mul(grad, mul(output, output)))],
  abs: ({ grad, inputs: [x] }) => [mul(grad, sub(greater(x!, 0), greater(0, x!)))],
  sin: ({ grad, inputs: [x] }) => [mul(grad, cos(x!))],
  cos: ({ grad, inputs: [x] }) => [neg(mul(grad, sin(x!)))],
  tanh: ({ grad, output }) => [mul(grad, sub(1, mul(output, output)))],
  sigmoid: ({ grad, output }) => [mul(grad, sub(output, mul(output, output)))],
  silu: ({ grad, inputs: [x], output }) => [mul(grad, add(mul(sigmoid(x!), sub(1, output)), output))],   // s(1 − y) + y
  relu: ({ grad, inputs: [x] }) => [mul(grad, greater(x!, 0))],
  reluSquared: ({ grad, inputs: [x] }) => [mul(mul(grad, 2), relu(x!))],                                 // the 2 goes into the product behind grad
  erf: ({ grad, inputs: [x] }) => [mul(grad, mul(exp(neg(mul(x!, x!))), 1.1283791670955126))],           // 2/√π
};

const to = (x: Tensor, grad: Tensor): Tensor => sumTo(grad, x.shape);

/** Binary functions; broadcast inputs get the sum of their gradient. At ties of max and min the second operand gets it. */
export const binaryRules: RulesFor<BinaryOp> = {
  add: ({ grad, inputs: [a, b], wanted }) => [wanted[0] ? to(a!, grad) : null, wanted[1] ? to(b!, grad) : null],
  sub: ({ grad, inputs: [a, b], wanted }) => [wanted[0] ? to(a!, grad) : null, wanted[1] ? neg(to(b!, grad)) : null],
  mul: ({ grad, inputs: [a, b], wanted }) => [wanted[0] ? to(a!, mul(grad, b!)) : null, wanted[1] ? to(b!, mul(grad, a!)) : null],
  div: ({ grad, inputs: [a, b], output, wanted }) => [
    wanted[0] ? to(a!, div(grad, b!)) : null,
    wanted[1] ? neg(to(b!, div(mul(grad, output), b!))) : null,
  ],
  max: ({ grad, inputs: [a, b] }) => {
    const first = mul(grad, greater(a!, b!));
    return [to(a!, first), to(b!, sub(grad, first))];
  },
  min: ({ grad, inputs: [a, b] }) => {
    const first = mul(grad, greater(b!, a!));
    return [to(a!, first), to(b!, sub(grad, first))];
  },
  greater: () => [null, null],
};
