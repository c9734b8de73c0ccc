/** @file What `kinora doctor` says: one check a line, as plain data, and as text. */

/** What became of a check: it is there and works, it is not there, it is there and does not work. */
export const CHECK_STATES = ['ok', 'missing', 'broken'] as const;
export type CheckState = (typeof CHECK_STATES)[number];

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly state: CheckState;
  /** Whether no film is made without it. */
  readonly needed: boolean;
  /** What is there, or what for it would be. */
  readonly found: string;
  /** Why it is not `ok`. */
  readonly why?: string;
  /** What has to be there, where a command alone does not bring it. */
  readonly needs?: string;
  /** The command that brings it, as it is typed. */
  readonly fix?: string;
}

/** All checks, and whether films can be made. */
export interface Diagnosis {
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/** Good when nothing that is needed is missing or broken. */
export const diagnosisOf = (checks: readonly Check[]): Diagnosis => ({ ok: checks.every(({ needed, state }) => !needed || state === 'ok'), checks });

/** The first line of an error, or of anything else that was thrown. */
export const firstLine = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error)).split('\n')[0]!;

/** The lines of a check: what it is, and under it how to get it. */
export function checkLines({ name, state, needed, found, why, needs, fix }: Check, width = name.length): string[] {
  const indent = ' '.repeat(9), kind = state === 'ok' || needed ? '' : 'optional, ';
  return [
    `${state.padEnd(8)} ${name.padEnd(width)}  ${kind}${found}${why === undefined ? '' : `: ${why}`}`,
    ...(needs === undefined ? [] : [`${indent}needs ${needs}`]), ...(fix === undefined ? [] : [`${indent}get it: ${fix}`]),
  ];
}
