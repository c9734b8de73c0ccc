/** @file An S3-compatible store for tests, on this machine: a bucket of its own, that can be away for a while. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Place } from '../../src/server/assets/assets-place.ts';

/** What of the package is used; it has no types. */
interface S3rver { readonly httpServer: Server; run(): Promise<AddressInfo>; close(): Promise<void> }
const require = createRequire(import.meta.url), S3rverClass = require('@20minutes/s3rver') as new (options: object) => S3rver;

/** The names and secrets that it knows, in the variables of AWS. */
export const S3_CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' } as const;

/** A store that runs. */
export interface TestS3 {
  readonly place: S3Place;
  /** Paths of the files in which it keeps objects. */
  readonly folder: string;
  /** While it is away, connections are cut. */
  away: boolean;
  close(): Promise<void>;
}

/** Starts one. A proxy of bytes stands before it, to cut connections. */
export async function testS3(bucket = 'films'): Promise<TestS3> {
  Object.assign(process.env, S3_CREDENTIALS);
  const folder = await mkdtemp(join(tmpdir(), 'kinora-s3-'));
  const s3 = new S3rverClass({
    address: '127.0.0.1', port: 0, silent: true, directory: folder, configureBuckets: [{ name: bucket }],
    allowMismatchedSignatures: true,                             // it signs /bucket where S3 and its SDK sign /bucket/
  }), { port } = await s3.run();
  const { connect } = await import('node:net'), open = new Set<Socket>(), state = { away: false };
  const proxy = createServer((socket) => {
    if (state.away) { socket.destroy(); return; }
    const behind = connect(port, '127.0.0.1');
    for (const [one, other] of [[socket, behind], [behind, socket]] as const) {
      open.add(one);
      one.on('error', () => { other.destroy(); }).on('close', () => { open.delete(one); other.destroy(); });
      one.on('data', (bytes: Buffer) => { if (state.away) { one.destroy(); return; } if (!other.write(bytes)) { one.pause(); other.once('drain', () => { one.resume(); }); } });
    }
  });
  await new Promise<void>((done) => { proxy.listen(0, '127.0.0.1', done); });
  return {
    place: { bucket, prefix: 'kinora/a', endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` }, folder,
    get away() { return state.away; },
    set away(value) { state.away = value; },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((done) => { proxy.close(done); });
      s3.httpServer.closeAllConnections();
      await s3.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
