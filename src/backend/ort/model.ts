/**
 * @file Graph → ONNX model bytes (ModelProto by @bufbuild/protobuf from the official onnx.proto).
 */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as Kind, AttributeProtoSchema, ModelProtoSchema, NodeProtoSchema, TensorProtoSchema, ValueInfoProtoSchema,
  type AttributeProto, type NodeProto, type TensorProto, type ValueInfoProto,
} from '../../io/onnx/onnx_pb.ts';
import type { DType } from '../../core/shape.ts';
import { toHalves } from '../../io/half.ts';
import { reachable, type Graph, type Tensor } from '../../graph/graph.ts';
import { LOWERINGS, ONNX_TYPE, WIDE, type Attribute, type Emitter } from './lower.ts';

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: Kind.INT, i: BigInt(value) });
  if (typeof value === 'string') return create(AttributeProtoSchema, { name, type: Kind.STRING, s: new TextEncoder().encode(value) });
  if ('f' in value) return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: value.f });
  return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: value.map(BigInt) });
}

function valueInfo(name: string, type: number, shape: readonly number[]): ValueInfoProto {
  const dim = shape.map((n) => ({ value: { case: 'dimValue' as const, value: BigInt(n) } }));
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: { elemType: type, shape: { dim } } } } });
}

/** What {@link toOnnx} makes. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  /** Input names in order. */
  readonly inputs: readonly string[];
}

/** Options of {@link toOnnx}. */
export interface ToOnnxOptions {
  /**
   * For CPUs that add pairs of u8·s8 products in 16 bits, where they saturate (x86 with AVX2 or AVX-512 but without VNNI): weights are shifted to u8, whose
   * products onnxruntime adds in 32 bits, at about half the speed. The sums are exact in both forms, so both give the same bits. Default false.
   */
  readonly saturates?: boolean;
  /** Whether products may transpose and scale their operands (FusedMatMul), which not every provider has. Default true. */
  readonly fused?: boolean;
  /** Whether floats are halves: inputs, outputs, constants, and all in between but {@link WIDE} operations. Default false. */
  readonly half?: boolean;
}

/** Serialises the part of `graph` that `outputs` depend on. */
export function toOnnx(graph: Graph, outputs: Readonly<Record<string, Tensor>>, { saturates = false, fused = true, half = false }: ToOnnxOptions = {}): OnnxModel {
  const node: NodeProto[] = [], initializer: TensorProto[] = [], input: ValueInfoProto[] = [], inputs: string[] = [];
  const initializers = new Map<string, string>();
  let fresh = 0;
  const initial = (type: number, bytes: ArrayBufferView, shape: readonly number[]): string => {
    const rawData = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const key = `${type}|${shape.join()}|${rawData.length <= 4096 ? rawData.join() : `#${initializer.length}`}`;
    const known = initializers.get(key);
    if (known) return known;
    const name = `c${initializer.length}`;
    initializer.push(create(TensorProtoSchema, { name, dataType: type, dims: shape.map(BigInt), rawData }));
    initializers.set(key, name);
    return name;
  };
  const emitterOf = (narrow: boolean): Emitter => ({
    saturates, fused, float: narrow ? ONNX_TYPE.f16 : ONNX_TYPE.f32,
    node(type, names, attributes = {}, o = {}) {
      const out = o.out ?? `t${fresh++}`;
      node.push(create(NodeProtoSchema, {
        opType: type, domain: o.domain ?? '', name: `${type}_${out}`, input: [...names], output: [out],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }));
      return out;
    },
    ints: (values, shape = [values.length]) => initial(ONNX_TYPE.i64, BigInt64Array.from(values, BigInt), shape),
    ints32: (values, shape) => initial(ONNX_TYPE.i32, Int32Array.from(values), shape),
    bytes: (values, shape) => initial(ONNX_TYPE.u8, values, shape),
    fill: (value, shape) => floats(narrow, new Float32Array(shape.reduce((n, s) => n * s, 1)).fill(value), shape),
    floats: (values, shape) => floats(narrow, Float32Array.from(values), shape),
  });
  const floats = (narrow: boolean, values: Float32Array, shape: readonly number[]): string =>
    (narrow ? initial(ONNX_TYPE.f16, toHalves(values), shape) : initial(ONNX_TYPE.f32, values, shape));
  const emitter = emitterOf(half), wide = emitterOf(false), typeOf = (dtype: DType): number => (dtype === 'f32' ? emitter.float : ONNX_TYPE[dtype]);
  const nameOf = (id: number): string => {
    const n = graph.nodes[id]!;
    return n.op === 'input' ? n.params.name : `n${id}`;
  };
  for (const id of reachable(graph, Object.values(outputs))) {
    const n = graph.nodes[id]!;
    if (n.op === 'input') {
      input.push(valueInfo(n.params.name, typeOf(n.dtype), n.shape));
      inputs.push(n.params.name);
      continue;
    }
    const lower = LOWERINGS[n.op] as (e: Emitter, params: unknown, site: object) => void;
    const site = { inputs: n.inputs.map((i) => graph.tensor(i)), names: n.inputs.map(nameOf), shape: n.shape, dtype: n.dtype, out: nameOf(id) };
    if (half && WIDE.has(n.op)) {
      const names = site.inputs.map((x, i) => (x.dtype === 'f32' ? wide.node('Cast', [site.names[i]!], { to: ONNX_TYPE.f32 }) : site.names[i]!)), out = `${site.out}w`;
      lower(wide, n.params, { ...site, names, out });
      emitter.node('Cast', [out], { to: emitter.float }, { out: site.out });
    } else lower(emitter, n.params, site);
  }
  const output = Object.entries(outputs).map(([name, x]) => {
    node.push(create(NodeProtoSchema, { opType: 'Identity', name: `out_${name}`, input: [nameOf(x.id)], output: [`out:${name}`] }));
    return valueInfo(`out:${name}`, typeOf(x.dtype), x.shape);
  });
  renameOutputs(node, output);
  const model = create(ModelProtoSchema, {
    irVersion: 10n, producerName: 'kinora',
    opsetImport: [{ domain: '', version: 21n }, { domain: 'com.microsoft', version: 1n }],
    graph: { name: 'kinora', node, initializer, input, output },
  });
  return { bytes: toBinary(ModelProtoSchema, model), inputs };
}

/**
 * Removes the Identity before each output where its producer can write the output itself. Without this an aliased output would be copied,
 * and the copy could run after other readers.
 */
function renameOutputs(node: NodeProto[], output: readonly ValueInfoProto[]): void {
  const producers = new Map(node.flatMap((n) => n.output.map((name) => [name, n] as const)));
  const taken = new Set(output.map(({ name }) => name));
  for (const { name } of output) {
    const at = node.findIndex((n) => n.output[0] === name);
    const source = node[at]!.input[0]!;
    const producer = producers.get(source);
    if (!producer || taken.has(source)) continue;
    taken.add(source);
    node.splice(at, 1);
    for (const n of node) {
      n.input = n.input.map((i) => (i === source ? name : i));
      n.output = n.output.map((o) => (o === source ? name : o));
    }
  }
}
