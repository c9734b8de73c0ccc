/**
 * @file The library `kinora`: what other programs import. The command line does nothing that cannot be done from here.
 * Everything exported is public and documented; everything else may change without notice.
 */
export { CancelledError, FileError, InputError, KinoraError, ResourceError } from './core/errors.ts';
