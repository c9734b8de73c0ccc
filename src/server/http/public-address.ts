/**
 * @file Images from addresses that clients name. Only http and https, only hosts all of whose addresses are public; the address that was looked up is the one that is
 * connected to, for each hop of a redirect anew, so that no name can come to mean another machine in between. Data URLs are decoded here too. Sizes are limited.
 */
import { lookup, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { ApiError } from '../contract/errors.ts';

/** Ranges that are not the public internet (IANA special-purpose registries, RFC 6890 and its successors). */
const PRIVATE = new BlockList();
for (const range of [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12',
  '192.0.0.0/24', '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24',
  '192.168.0.0/16', '192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
]) { const [net, bits] = range.split('/'); PRIVATE.addSubnet(net!, Number(bits), 'ipv4'); }
/** Of IPv6 only 2000::/3 is given out; parts of it mean IPv4 addresses or nobody's. */
const GLOBAL6 = new BlockList(), PRIVATE6 = new BlockList();
GLOBAL6.addSubnet('2000::', 3, 'ipv6');
for (const range of ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']) { const [net, bits] = range.split('/'); PRIVATE6.addSubnet(net!, Number(bits), 'ipv6'); }

/** Whether an address, in numbers, is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4: return !PRIVATE.check(address, 'ipv4');
    case 6: return GLOBAL6.check(address, 'ipv6') && !PRIVATE6.check(address, 'ipv6');          // ::ffff:1.2.3.4 is not in 2000::/3
    default: return false;
  }
}

const refuse = (message: string, code = 'invalid_image_url'): ApiError => new ApiError(400, message, { code, param: 'input_reference.image_url' });
/** One sentence for whatever is not public, so that answers do not map the network. */
const notPublic = (): ApiError => refuse('the image cannot be fetched: its host is not a public one, or there is none of that name', 'image_url_not_allowed');

/** Options of {@link fetchImage}. */
export interface FetchImageOptions {
  /** Bytes. */
  readonly limit: number;
  readonly timeoutMs?: number;
  /** Which addresses may be connected to. Default: {@link isPublicAddress}. */
  readonly allowed?: (address: string) => boolean;
}

const HOPS = 3, TIMEOUT_MS = 10_000;

/** The bytes of an image by its address. Throws an ApiError that is told to the client. */
export async function fetchImage(url: string, o: FetchImageOptions): Promise<Uint8Array> {
  if (/^data:/i.test(url)) return dataUrl(url, o.limit);
  const signal = AbortSignal.timeout(o.timeoutMs ?? TIMEOUT_MS);
  let at = url;
  for (let hop = 0; hop <= HOPS; hop++) {
    let parsed: URL;
    try { parsed = new URL(at); } catch { throw refuse('image_url is no address'); }
    const answer = await get(parsed, o, signal);
    const { statusCode = 0, headers: { location } } = answer;
    if (statusCode >= 300 && statusCode < 400 && location !== undefined) {
      answer.destroy();
      try { at = new URL(location, parsed).href; } catch { throw refuse('the image cannot be fetched: its host sent a wrong address'); }
      continue;
    }
    if (statusCode !== 200) { answer.destroy(); throw refuse(`the image cannot be fetched: its host answered ${statusCode}`); }
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const part of answer as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > o.limit) throw refuse(`the image is larger than ${o.limit} bytes`);
        parts.push(part);
      }
    } catch (cause) { throw cause instanceof ApiError ? cause : refuse('the image cannot be fetched: its host stopped'); } finally { answer.destroy(); }
    return Buffer.concat(parts);
  }
  throw refuse(`the image cannot be fetched: more than ${HOPS} redirects`);
}

function get(url: URL, { allowed = isPublicAddress }: FetchImageOptions, signal: AbortSignal): Promise<IncomingMessage> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse(`image_url is of kind ${url.protocol.slice(0, 20)} wanted http:, https: or data:`);
  if (url.username !== '' || url.password !== '') throw refuse('image_url holds a password');
  const bare = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0 && !allowed(bare)) throw notPublic();                                       // node does not look numbers up
  const checked: LookupFunction = (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error || addresses.length === 0 || !addresses.every(({ address }) => allowed(address))) { done(notPublic(), '', 0); return; }
      if (options.all) done(null, addresses); else done(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    send(url, { lookup: checked, signal, agent: false, headers: { 'user-agent': 'Kinora', accept: 'image/*' } }, resolve)
      .on('error', (cause) =>
        { reject(cause instanceof ApiError ? cause : refuse(`the image cannot be fetched: ${signal.aborted ? 'its host is too slow' : 'no connection to its host'}`)); })
      .end();
  });
}

function dataUrl(url: string, limit: number): Uint8Array {
  const match = /^data:image\/(?:png|jpeg|jpg|webp|gif);base64,([A-Za-z0-9+/_-]*={0,2})$/i.exec(url);
  if (!match) throw refuse('the data URL is not possible: wanted data:image/png, jpeg, webp or gif, with base64');
  if (match[1]!.length * 0.75 > limit) throw refuse(`the image is larger than ${limit} bytes`);
  return Buffer.from(match[1]!, 'base64');
}
