/**
 * @file Gradient rules of products: matmul, convolution, and the fused normalisations, softmax and rotary embedding.
 */
import { add, concat, conv, matmul, mean, mul, neg, pad, reciprocal, reshape, rope, slice, split, sqrt, sub, sum, sumSquares, sumTo, transpose } from '../../graph/build.ts';
import type { Tensor } from '../../graph/graph.ts';
import type { Rule, RulesFor } from '../rule.ts';

const matmulRule: Rule<'matmul'> = ({ grad, inputs: [a, b], params: { transA, transB, alpha }, wanted }) => [
  wanted[0] ? sumTo(transA ? matmul(b!, grad, { transA: transB, transB: true, alpha }) : matmul(grad, b!, { transB: !transB, alpha }), a!.shape) : null,
  wanted[1] ? sumTo(transB ? matmul(grad, a!, { transA: true, transB: transA, alpha }) : matmul(a!, grad, { transA: !transA, alpha }), b!.shape) : null,
];

/**
 * The kernel turned round in time and space, inputs and outputs swapped: `[O, C, kt, kh, kw]` → `[C, O, kt, kh, kw]`. The taps are brought to the front
 * and joined in the other order: whole planes move, where a backward slice over the last axes goes element by element.
 */
function turned(weight: Tensor): Tensor {
  const [o, c, ...kernel] = weight.shape as [number, number, ...number[]], taps = kernel.reduce((n, k) => n * k, 1);
  const planes = transpose(reshape(weight, [o * c, taps]), [1, 0]);                                  // [taps, O·C]
  const reversed = concat(split(planes, 0, new Array<number>(taps).fill(1)).toReversed(), 0);
  return reshape(transpose(reshape(reversed, [taps, o, c]), [2, 1, 0]), [c, o, ...kernel]);
}

/** d conv / d x: correlation with the flipped, transposed kernel. */
function convInputGrad(grad: Tensor, weight: Tensor, pads: readonly number[]): Tensor {
  const kernel = weight.shape.slice(2);
  return conv(grad, turned(weight), kernel.flatMap((k, i) => [k - 1 - pads[2 * i]!, k - 1 - pads[2 * i + 1]!]));
}

/** d conv / d w: for each tap of the kernel the product of the output gradient with the shifted input, summed over the batch. */
function convWeightGrad(x: Tensor, grad: Tensor, weight: Tensor, pads: readonly number[]): Tensor {
  const [batch, outChannels, t, h, w] = grad.shape as [number, number, number, number, number];
  const [, channels, kt, kh, kw] = weight.shape as [number, number, number, number, number];
  const padded = pad(x, [0, 0, pads[0]!, pads[2]!, pads[4]!], [0, 0, pads[1]!, pads[3]!, pads[5]!]);
  const g = reshape(grad, [batch, outChannels, t * h * w]);                                          // [B, O, S]
  const taps: Tensor[] = [];
  for (let i = 0; i < kt; i++) for (let j = 0; j < kh; j++) for (let k = 0; k < kw; k++) {
    const shifted = slice(slice(slice(padded, 2, i, i + t), 3, j, j + h), 4, k, k + w);              // [B, C, t, h, w]
    const product = matmul(g, reshape(shifted, [batch, channels, t * h * w]), { transB: true });     // [B, O, C]
    taps.push(reshape(sum(product, [0]), [1, outChannels, channels]));
  }
  return reshape(transpose(concat(taps, 0), [1, 2, 0]), weight.shape);                               // [O, C, kt, kh, kw]
}

const lastMean = (x: Tensor): Tensor => mean(x, [-1]);

/**
 * Σ over the last axis of grad · output, by a shorter way where one is there (the plain one is two passes over both):
 * - grad = scale·g with one scale for many rows, and g·output known (it is the scale's gradient before its sum): (g·output)·scaleᵀ, a product;
 * - grad = α·g·bᵀ, and α·output·b known (attention: grad = dO·Vᵀ, O = P·V): Σ g · (output·b), over a row of V instead of a row of P
 *   (Dao et al. 2022, FlashAttention, arXiv:2205.14135v2, appendix B.2, equation 4).
 */
function rowDot(grad: Tensor, output: Tensor): Tensor {
  const { graph } = grad, node = graph.nodes[grad.id]!, width = output.shape.at(-1)!;
  const [a, b] = node.inputs.map((id) => graph.tensor(id));
  if (node.op === 'mul' && a && b && output.shape.length > 1 && a.shape.length === output.shape.length && b.shape.at(-1) === width) {
    const product = graph.find('mul', {}, [a, output]), rows = b.shape.length === 1 ? 1 : b.shape.at(-2);
    if (product && rows === 1) return matmul(product, reshape(b, b.shape.length === 1 ? [width, 1] : [...b.shape.slice(0, -2), width, 1]));
  }
  if (node.op === 'matmul' && a && b && !node.params.transA && node.params.transB) {
    const forward = graph.find('matmul', { transA: false, transB: false, alpha: node.params.alpha }, [output, b]);
    if (forward) return sum(mul(a, forward), [-1]);
  }
  return sum(mul(grad, output), [-1]);
}

type FusedOp = 'matmul' | 'int8Scale' | 'int8Matmul' | 'conv' | 'softmax' | 'rmsNorm' | 'layerNorm' | 'rope';

/** Products and fused ops. */
export const linearRules: RulesFor<FusedOp> = {
  matmul: matmulRule,
  int8Scale: () => { throw new RangeError('int8Scale has no gradient: train without quantization'); },
  int8Matmul: () => { throw new RangeError('int8Matmul has no gradient: train without quantization'); },
  conv: ({ grad, inputs: [x, w], params, wanted }) => [
    wanted[0] ? convInputGrad(grad, w!, params.pads) : null,
    wanted[1] ? convWeightGrad(x!, grad, w!, params.pads) : null,
    ...(wanted.length === 3 ? [wanted[2] ? reshape(sum(grad, [0, 2, 3, 4]), [-1]) : null] : []),
  ],
  softmax: ({ grad, output }) => [mul(output, sub(grad, rowDot(grad, output)))],
  rmsNorm: ({ grad, inputs: [x], output, params }) => {
    const inverse = reciprocal(sqrt(add(mul(sumSquares(x!, [-1]), 1 / x!.shape.at(-1)!), params.eps)));
    return [mul(sub(grad, mul(output, mul(rowDot(grad, output), 1 / x!.shape.at(-1)!))), inverse)];
  },
  layerNorm: ({ grad, inputs: [x], output, params }) => {
    const variance = mul(sumSquares(sub(x!, lastMean(x!)), [-1]), 1 / x!.shape.at(-1)!);
    const inverse = reciprocal(sqrt(add(variance, params.eps)));
    return [mul(sub(sub(grad, lastMean(grad)), mul(output, mul(rowDot(grad, output), 1 / x!.shape.at(-1)!))), inverse)];
  },
  rope: ({ grad, inputs: [, cosines, sines] }) => [rope(grad, cosines!, neg(sines!)), null, null],       // a rotation's transpose turns back
};
