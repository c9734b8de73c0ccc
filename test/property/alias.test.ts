/** @file Updates in place: the scan refuses every order in which memory could be read after it was overwritten, and what it allows changes no bit. */
import { expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { checkAlias } from '../../src/backend/alias.ts';
import { ortBackend } from '../../src/backend/ort/ort.ts';
import { add, matmul, mul, reshape, silu, sub, sum, transpose } from '../../src/graph/build.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { muon, MUON_STATE } from '../../src/optim/muon.ts';
import { drawn } from '../support/golden.ts';

/** A weight, an input, and an SGD step of Σ silu(x·w)·w₂. */
function sgd(): { w: Tensor; w2: Tensor; nextW: Tensor; nextW2: Tensor; loss: Tensor } {
  const graph = new Graph(), w = graph.input('w', [4, 4]), w2 = graph.input('w2', [4, 4]);
  const loss = sum(matmul(silu(matmul(graph.input('x', [3, 4]), w)), w2));
  const [g, g2] = gradients(loss, [w, w2]) as [Tensor, Tensor];
  return { w, w2, loss, nextW: sub(w, mul(g, 0.1)), nextW2: sub(w2, mul(g2, 0.1)) };
}

test('refused: a weight that the backward pass of another weight still reads', () => {
  const { w, w2, loss, nextW, nextW2 } = sgd();
  expect(() => { checkAlias(nextW2, w2, [loss, nextW, nextW2]); }, 'the gradient of w reads w2').toThrow(/alias refused: node %\d+ \(matmul\) may read/);
  expect(() => { checkAlias(nextW, w, [loss, nextW, nextW2]); }, 'all readers of w come before its gradient').not.toThrow();
});

test('accepted once nothing else wants the value', () => {
  const { w2, nextW2 } = sgd();
  expect(() => { checkAlias(nextW2, w2, [nextW2]); }).not.toThrow();
});

test('refused: a second output that reads the old value', () => {
  const graph = new Graph(), x = graph.input('x', [4]), next = add(x, 1), old = mul(x, 2);
  expect(() => { checkAlias(next, x, [next, old]); }).toThrow('(mul) may read');
  expect(() => { checkAlias(next, x, [next]); }).not.toThrow();
});

test('refused: the producer reads at other places than it writes', () => {
  const graph = new Graph(), x = graph.input('x', [4, 4]), w = graph.input('w', [4, 4]);
  for (const y of [transpose(x, [1, 0]), matmul(x, w), matmul(w, x)]) expect(() => { checkAlias(y, x, [y]); }, graph.nodes[y.id]!.op).toThrow('alias refused');
  const row = graph.input('row', [1, 4]), square = graph.input('square', [4, 4]);
  const spread = add(row, square);
  expect(() => { checkAlias(spread, square, [spread]); }).not.toThrow();
  expect(() => { checkAlias(spread, row, [spread]); }, 'a broadcast operand has another shape').toThrow('keep shape');
});

test('refused: a reader of a view of the input, even where the view is made in time', () => {
  const graph = new Graph(), x = graph.input('x', [4]);
  const view = reshape(x, [2, 2]), late = mul(view, 3), next = add(x, reshape(sum(view), []));
  expect(() => { checkAlias(next, x, [late, next]); }, 'in onnxruntime a reshape shares memory: late would read the new value').toThrow('(mul) may read');
  expect(() => { checkAlias(next, x, [next]); }).not.toThrow();
  const turned = add(x, reshape(transpose(view, [1, 0]), [4]));
  expect(() => { checkAlias(turned, x, [turned]); }, 'the producer reads a turned view').toThrow('(add) may read');
});

test('refused: another shape or type, and the input itself', () => {
  const graph = new Graph(), x = graph.input('x', [4]), i = graph.input('i', [1], 'i32');
  expect(() => { checkAlias(sum(x), x, [sum(x)]); }).toThrow('keep shape and type');
  expect(() => { checkAlias(x, x, [x]); }).toThrow('needs no alias');
  expect(() => { checkAlias(sum(x), i, [sum(x)]); }).toThrow('keep shape and type');
});

test('compiling refuses as well', async () => {
  const { loss, nextW, nextW2 } = sgd();
  await expect(ortBackend({ threads: 1 }).compile({ outputs: { loss, w: nextW, w2: nextW2 }, aliases: { w: 'w', w2: 'w2' } })).rejects.toThrow('alias refused');
});

test('a step of Muon in place equals the same step into new memory, bit for bit', async () => {
  const size = 24 * 40, { outputs } = muon([24, 40]);
  const feeds = Object.fromEntries(Object.entries({ gradScale: 0.7, rate: 0.01, keep: 0.999, emaDecay: 0.9, emaRest: 0.1 }).map(([scalar, x]) => [scalar, Float32Array.of(x)]));
  const arrays = (): Record<string, Float32Array> => Object.fromEntries([...MUON_STATE, 'grad'].map((array) => [array, drawn(`alias/${array}`, [size])]));
  const backend = ortBackend({ threads: 2 });
  const aliases = Object.fromEntries(MUON_STATE.map((array) => [array, array]));
  using apart = await backend.compile({ outputs });
  using together = await backend.compile({ outputs, aliases });
  const own = arrays(), { grad, ...into } = own;
  const first = arrays();
  for (let step = 0; step < 3; step++) {
    const fresh = await apart.run({ ...first, ...feeds });
    await together.run({ ...own, ...feeds }, into);
    for (const array of MUON_STATE) {
      expect(Buffer.from(own[array]!.buffer).equals(Buffer.from(fresh[array]!.buffer, fresh[array]!.byteOffset, fresh[array]!.byteLength)), `${array}, step ${step}`).toBe(true);
      first[array] = fresh[array]!;
    }
  }
  expect(grad).toEqual(arrays()['grad']);
});
