/**
 * @file JUMBF boxes (ISO/IEC 19566-5:2023, annex A), in which a C2PA manifest is stored: superboxes with a type and a label, and content boxes within them. Reading is
 * strict: what does not fill its box exactly is an error, so that no bit outside of what is hashed or signed can change unnoticed.
 */

/** A superbox read. */
export interface Superbox {
  /** Four characters, or 32 hexadecimal digits of a type that has none. */
  readonly type: string;
  readonly label: string;
  /** All of it behind the box header: what a hashed URI hashes. */
  readonly payload: Buffer;
  readonly children: readonly Superbox[];
  /** Content boxes that are no superboxes: type and contents. */
  readonly contents: readonly { readonly type: string; readonly body: Buffer }[];
}

/** What follows the four characters of a type in its UUID. */
const TYPE_END = Buffer.from('00110010800000aa00389b71', 'hex');
/** Toggles of a description: it can be asked for, has a label, an id, a hash, a private box. */
const REQUESTABLE = 0x01, LABEL = 0x02, ID = 0x04, HASH = 0x08, PRIVATE = 0x10;

function box(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const size = parts.reduce((sum, p) => sum + p.length, 8), head = Buffer.alloc(8);
  head.writeUInt32BE(size);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...parts]);
}

/** A content box. */
export const contentBox = (type: string, body: Uint8Array): Buffer => box(type, body);

/** A superbox of a type of four characters. */
export function superbox(type: string, label: string, ...contents: readonly Uint8Array[]): Buffer {
  return box('jumb', box('jumd', Buffer.from(type, 'latin1'), TYPE_END, Uint8Array.of(REQUESTABLE | LABEL), Buffer.from(`${label}\0`, 'utf8')), ...contents);
}

function* boxes(bytes: Buffer): Generator<{ readonly type: string; readonly body: Buffer }> {
  for (let at = 0; at < bytes.length;) {
    if (at + 8 > bytes.length) throw new RangeError(`${bytes.length - at} stray bytes in a JUMBF box`);
    const size = bytes.readUInt32BE(at), type = bytes.toString('latin1', at + 4, at + 8);
    if (size < 8 || at + size > bytes.length) throw new RangeError(`JUMBF box "${type}" of ${size} bytes in ${bytes.length - at}`);
    yield { type, body: bytes.subarray(at + 8, at + size) };
    at += size;
  }
}

/** Reads a superbox with all that is in it. RangeError when it is damaged. */
export function readSuperbox(bytes: Uint8Array): Superbox {
  const [outer, ...more] = boxes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (outer?.type !== 'jumb' || more.length > 0) throw new RangeError(`wanted one JUMBF superbox, found ${outer?.type ?? 'nothing'}${more.length > 0 ? ' and more' : ''}`);
  return superboxOf(outer.body);
}

function superboxOf(payload: Buffer): Superbox {
  const [description, ...inside] = boxes(payload);
  if (description?.type !== 'jumd') throw new RangeError(`a JUMBF superbox begins with ${description?.type ?? 'nothing'}, not with its description`);
  const children: Superbox[] = [], contents: { type: string; body: Buffer }[] = [];
  for (const { type, body } of inside) {
    if (type === 'jumb') children.push(superboxOf(body)); else contents.push({ type, body });
  }
  return { ...describe(description.body), payload, children, contents };
}

function describe(body: Buffer): Pick<Superbox, 'type' | 'label'> {
  const toggles = body[16] ?? 0, end = body.indexOf(0, 17);
  if ((toggles & (REQUESTABLE | LABEL)) !== (REQUESTABLE | LABEL) || toggles > 0x1f || end < 0) throw new RangeError('a JUMBF box without a label');
  let at = end + 1 + (toggles & ID ? 4 : 0) + (toggles & HASH ? 32 : 0);
  const salts = toggles & PRIVATE ? [...boxes(body.subarray(at))] : [];
  for (const { body: salt } of salts) at += salt.length + 8;
  if (at !== body.length || (toggles & PRIVATE) !== 0 && salts.length !== 1) throw new RangeError('a JUMBF description of another length than it says');
  const type = body.subarray(4, 16).equals(TYPE_END) ? body.toString('latin1', 0, 4) : body.toString('hex', 0, 16);
  return { type, label: body.toString('utf8', 17, end) };
}

/** The one child of this label and type; RangeError if there is none. */
export function child(parent: Superbox, type: string, label: string): Superbox {
  const found = parent.children.filter((c) => c.label === label);
  if (found.length !== 1 || found[0]!.type !== type) throw new RangeError(`JUMBF: ${found.length === 0 ? 'no' : 'no single'} box "${label}" of type ${type}`);
  return found[0]!;
}

/** The contents of a superbox that holds one box of CBOR. */
export function cborOf({ label, contents, children }: Superbox): Buffer {
  if (contents.length !== 1 || contents[0]!.type !== 'cbor' || children.length > 0) throw new RangeError(`JUMBF: "${label}" does not hold one box of CBOR`);
  return contents[0]!.body;
}
