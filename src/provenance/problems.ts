/** @file What can be wrong with a signed film. */

/** Kinds of it: with the manifest, with what binds it to the film, with the film, with who signed. */
export const FILM_PROBLEMS = [
  'manifest.missing', 'manifest.damaged', 'claim.changed', 'assertion.changed', 'assertion.missing', 'binding.unknown',
  'content.changed', 'content.cut', 'content.added', 'content.another', 'credential.unfit', 'credential.expired', 'credential.untrusted',
] as const;
export type FilmProblemCode = (typeof FILM_PROBLEMS)[number];

/** One thing that is wrong, in words. */
export interface FilmProblem { readonly code: FilmProblemCode; readonly message: string }
