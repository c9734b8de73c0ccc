/**
 * @file The little of H.264 (ITU-T Rec. H.264, 08/2021) that a muxer needs: NAL units in AVCC form, and a sequence
 * parameter set rewritten with video usability information (Annex E): BT.709 full range, exact constant frame rate.
 * Not a codec: it neither reads nor writes macroblocks.
 */
import type { Rational } from './rational.ts';

/** Reads bits, most significant first. */
class BitReader {
  #at = 0;
  private readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) { this.bytes = bytes; }
  get position(): number { return this.#at; }
  bit(): number {
    const byte = this.bytes[this.#at >> 3];
    if (byte === undefined) throw new RangeError('H.264: a parameter set ends too early');
    return (byte >> (7 - (this.#at++ & 7))) & 1;
  }
  bits(n: number): number { let v = 0; for (let i = 0; i < n; i++) v = v * 2 + this.bit(); return v; }
  /** Exp-Golomb, section 9.1. */
  ue(): number { let zeros = 0; while (!this.bit()) zeros++; return 2 ** zeros - 1 + this.bits(zeros); }
}

/** Writes bits, most significant first. */
class BitWriter {
  readonly bits: number[] = [];
  u(value: number, n: number): this { for (let i = n - 1; i >= 0; i--) this.bits.push(Math.floor(value / 2 ** i) % 2); return this; }
  ue(value: number): this { const n = 31 - Math.clz32(value + 1); return this.u(0, n).u(value + 1, n + 1); }
  /** rbsp_trailing_bits: a one, then zeros to the byte. */
  finish(): Uint8Array {
    this.u(1, 1);
    while (this.bits.length % 8) this.bits.push(0);
    const out = new Uint8Array(this.bits.length / 8);
    this.bits.forEach((bit, i) => { out[i >> 3]! |= bit << (7 - (i & 7)); });
    return out;
  }
}

/** Section 7.4.1: 00 00 03 → 00 00. */
function unescape(nal: Uint8Array): Uint8Array {
  const out: number[] = [];
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) { zeros = 0; continue; }
    out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(out);
}

/** Section 7.4.1: 00 00 0x → 00 00 03 0x for x ≤ 3. */
function escape(rbsp: Uint8Array): Uint8Array {
  const out: number[] = [];
  let zeros = 0;
  for (const byte of rbsp) {
    if (zeros >= 2 && byte <= 3) { out.push(3); zeros = 0; }
    out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(out);
}

/** NAL unit types, table 7-1. */
export const NAL = { idr: 5, sps: 7, pps: 8 } as const;
/** The type of a unit: low five bits of its first byte. */
export const nalType = (nal: Uint8Array): number => nal[0]! & 31;

/** The NAL units of one sample: each preceded by its length in 4 bytes. */
export function splitSample(sample: Uint8Array): Uint8Array[] {
  const view = new DataView(sample.buffer, sample.byteOffset, sample.byteLength);
  const out: Uint8Array[] = [];
  for (let at = 0; at + 4 <= sample.length;) {
    const size = view.getUint32(at);
    out.push(sample.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return out;
}

/** What the usability information says. */
export interface VuiOptions {
  /** Frames a second, exact. */
  readonly fps: Rational;
}

/**
 * The same sequence parameter set with usability information in place of what it had: 8-bit full range, BT.709
 * primaries, transfer and matrix (tables E-3…E-5: 1, 1, 1), chroma at the centre (E-2: type 1), fixed frame rate, no
 * reordering. Baseline, main and extended profiles only: they have no chroma format fields (section 7.3.2.1.1).
 */
export function withVui(sps: Uint8Array, o: VuiOptions): Uint8Array {
  const rbsp = unescape(sps);
  const profile = rbsp[1]!;
  if (![66, 77, 88].includes(profile)) throw new RangeError(`H.264: profile ${profile} is not baseline (66), main (77) or extended (88)`);
  const r = new BitReader(rbsp);
  r.bits(32);                                                           // NAL header, profile, constraints, level
  r.ue(); r.ue();                                                       // seq_parameter_set_id, log2_max_frame_num_minus4
  const pocType = r.ue();
  if (pocType === 0) r.ue();
  else if (pocType === 1) { r.bit(); r.ue(); r.ue(); for (let n = r.ue(); n > 0; n--) r.ue(); } // se(v) has ue(v)'s length
  const references = r.ue();
  r.bit(); r.ue(); r.ue();                                              // gaps allowed, width and height in macroblocks − 1
  if (!r.bit()) r.bit();                                                // frame_mbs_only_flag, mb_adaptive
  r.bit();                                                              // direct_8x8_inference_flag
  if (r.bit()) { r.ue(); r.ue(); r.ue(); r.ue(); }                      // cropping
  const end = r.position;                                               // vui_parameters_present_flag stands here

  const copy = new BitReader(rbsp), w = new BitWriter();
  for (let i = 0; i < end; i++) w.u(copy.bit(), 1);
  w.u(1, 1);                                                            // vui_parameters_present_flag
  w.u(1, 1).u(1, 8);                                                    // aspect_ratio_idc 1: square pixels
  w.u(0, 1);                                                            // overscan
  w.u(1, 1).u(5, 3).u(1, 1).u(1, 1).u(1, 8).u(1, 8).u(1, 8);            // unspecified format, full range, BT.709 thrice
  w.u(1, 1).ue(1).ue(1);                                                // chroma location, both fields
  w.u(1, 1).u(o.fps.denominator, 32).u(2 * o.fps.numerator, 32).u(1, 1); // a tick is half a frame; fixed rate
  w.u(0, 1).u(0, 1).u(0, 1);                                            // no NAL HRD, VCL HRD, picture structure
  w.u(1, 1).u(1, 1).ue(0).ue(0).ue(16).ue(16).ue(0).ue(Math.max(1, references)); // bitstream restriction: no reordering
  return escape(w.finish());
}
