import { expect, test } from 'vitest';
import { gradients } from '../autodiff/gradients.ts';
import { ortBackend } from '../backend/ort/ort.ts';
import { evaluate } from '../backend/reference/reference.ts';
import { normals } from '../core/random.ts';
import { sizeOf } from '../core/shape.ts';
import { mul, silu, sum } from '../graph/build.ts';
import { Graph } from '../graph/graph.ts';
import { DIT_PRESETS } from '../models/dit/config.ts';
import { ditParams } from '../models/dit/dit.ts';
import { expectClose } from '../../test/support/check-op.ts';
import { linear, linearParams } from './linear.ts';
import { loraParams, mergeLora, withLora, type LoraConfig } from './lora.ts';
import { bindParams, listParams } from './param.ts';

const CONFIG: LoraConfig = { rank: 2, alpha: 3, targets: ['attn', 'mlp'] };
const specs = { blocks: [{ attn: { qkv: linearParams(5, 6) }, cross: { q: linearParams(6, 4) }, mlp: { fc1: linearParams(6, 4, { bias: false }) }, other: linearParams(4, 4) }] };
const lora = loraParams(specs, CONFIG);
const values = (name: string, size: number): Float32Array => normals({ seed: 4, stream: name, step: 0 }, size).map((x) => 0.5 * x);
const fill = (tree: unknown): Record<string, Float32Array> => Object.fromEntries(listParams(tree).map(({ name, leaf }) => [name, values(name, sizeOf(leaf.shape))]));
const x = values('x', 3 * 5);

function outputOf(adapted: boolean) {
  const graph = new Graph(), base = bindParams(graph, specs), input = graph.input('x', [3, 5]);
  const p = (adapted ? withLora(base, bindParams(graph, lora), CONFIG) : base).blocks[0]!;
  return { graph, y: linear(p.other, silu(linear(p.mlp.fc1, silu(linear(p.attn.qkv, input))))) };
}

test('the layers of the targets have a pair, the others none', () => {
  expect(Object.keys(lora)).toEqual(['blocks.0.attn.qkv', 'blocks.0.mlp.fc1']);
  const small = loraParams({ dit: ditParams({ ...DIT_PRESETS.small, textWidth: 192 }) }, { rank: 8, alpha: 8, targets: ['attn', 'cross', 'mlp'] });
  expect(Object.keys(small).filter((name) => name.startsWith('dit.blocks.0.')).map((name) => name.slice('dit.blocks.0.'.length)))
    .toEqual(['attn.qkv', 'attn.proj', 'cross.q', 'cross.kv.weight', 'cross.proj', 'mlp.fc1', 'mlp.fc2']);
});

test('beside the weights and merged into them it computes the same; at strength 0, and untrained, nothing changes', async () => {
  const base = fill(specs), trained = fill(lora), { graph, y } = outputOf(true), plain = outputOf(false);
  const beside = evaluate(graph, [y], { ...base, ...trained, x })[0]!.data;
  const merged = (strength: number) => evaluate(plain.graph, [plain.y], { ...mergeLora(base, [{ config: CONFIG, tensors: trained, strength }]), x })[0]!.data;
  expectClose('merged', merged(1), beside, 1e-6);
  expectClose('strength 0', merged(0), evaluate(plain.graph, [plain.y], { ...base, x })[0]!.data, 0);
  expect(Math.max(...merged(0.5).map((v, i) => Math.abs(v - beside[i]!)))).toBeGreaterThan(0.01);
  const both = mergeLora(base, [{ config: CONFIG, tensors: trained, strength: 0.25 }, { config: CONFIG, tensors: trained, strength: 0.75 }]);
  expectClose('two halves', evaluate(plain.graph, [plain.y], { ...both, x })[0]!.data, beside, 1e-6);
  const untrained = Object.fromEntries(Object.entries(trained).map(([name, v]) => [name, name.endsWith('.up') ? v.map(() => 0) : v]));
  expectClose('untrained', evaluate(graph, [y], { ...base, ...untrained, x })[0]!.data, merged(0), 0);
});

test('its gradients: onnxruntime against float64, and that against differences', async () => {
  const feeds = { ...fill(specs), ...fill(lora), x, by: values('by', 12) }, { graph, y } = outputOf(true);
  const names = listParams(lora).map(({ name }) => name), loss = sum(mul(y, graph.input('by', [3, 4])));
  const grads = gradients(loss, names.map((name) => graph.inputs.get(name)!)), slow = evaluate(graph, grads, feeds);
  using program = await ortBackend().compile({ outputs: Object.fromEntries(names.map((name, i) => [name, grads[i]!])) });
  const fast = await program.run(feeds), h = 1e-5;
  names.forEach((name, i) => {
    expectClose(`${name} (onnxruntime against float64)`, fast[name]!, slow[i]!.data, 2e-5);
    const direction = values(`direction/${name}`, fast[name]!.length), slope = slow[i]!.data.reduce((n, g, j) => n + g * direction[j]!, 0);
    const moved = (t: number): Float64Array => Float64Array.from(feeds[name as keyof typeof feeds], (v, j) => v + t * direction[j]!);
    const lossAt = (t: number): number => evaluate(graph, [loss], { ...feeds, [name]: moved(t) })[0]!.data[0]!;
    expectClose(`${name} (gradient against differences)`, [slope], [(lossAt(h) - lossAt(-h)) / (2 * h)], 1e-6);
  });
});
