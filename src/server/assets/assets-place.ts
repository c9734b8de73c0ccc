/** @file Where assets lie, as configuration and flags say it: an S3-compatible store, or nothing, which is the data folder. Credentials are no part of it. */
import { z } from 'zod';
import { InputError } from '../../core/errors.ts';

/** A bucket of an S3-compatible store. */
export const s3Place = z.strictObject({
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'wanted 3 to 63 of a-z, 0-9, - and .'),
  /** What names of objects begin with, before a slash. */
  prefix: z.string().regex(/^[\w.-]+(\/[\w.-]+)*$/, 'wanted names of letters, digits, ., _ and -, with / between them').optional(),
  /** Where it answers, when that is not AWS. */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  /** Default: AWS_REGION, with an endpoint us-east-1. */
  region: z.string().regex(/^[\w-]+$/).optional(),
  /** The bucket in the path instead of the host's name. Default: with an endpoint. */
  pathStyle: z.boolean().optional(),
});
/** See {@link s3Place}. */
export type S3Place = z.infer<typeof s3Place>;

const FIELDS = ['endpoint', 'region', 'pathStyle'] as const;

/** `s3://bucket/prefix?endpoint=https://…&region=…&pathStyle=true` as a place. Throws an InputError. */
export function parsePlace(text: string): S3Place {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 's3:' || url.username !== '' || url.password !== '' || url.port !== '' || url.hash !== '')
    throw new InputError('assets: wanted s3://bucket/prefix?endpoint=https://…, with credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  const stray = [...url.searchParams.keys()].find((key) => !(FIELDS as readonly string[]).includes(key));
  if (stray !== undefined) throw new InputError(`assets: "${stray}" is not known; allowed: ${FIELDS.join(', ')}`);
  const { pathStyle, ...query } = Object.fromEntries(url.searchParams), prefix = url.pathname.replace(/^\/|\/$/g, '');
  const parsed = s3Place.safeParse({
    bucket: url.hostname, ...(prefix === '' ? {} : { prefix }), ...query,
    ...(pathStyle === undefined ? {} : { pathStyle: pathStyle === 'true' || (pathStyle === 'false' ? false : pathStyle) }),
  });
  if (!parsed.success) throw new InputError(`assets: ${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/** The text that {@link parsePlace} reads. */
export function placeText({ bucket, prefix, ...rest }: S3Place): string {
  const query = new URLSearchParams(Object.entries(rest).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))).toString();
  return `s3://${bucket}${prefix === undefined ? '' : `/${prefix}`}${query === '' ? '' : `?${query}`}`;
}
