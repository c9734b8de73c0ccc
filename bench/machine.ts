/** @file The greatest memory of this process, and what another one used. */
import { readFileSync, writeFileSync } from 'node:fs';
import { InputError } from '../src/core/errors.ts';

/** Forgets the greatest memory so far, where the system can (Linux). */
export function resetPeakMemory(): void {
  try { writeFileSync('/proc/self/clear_refs', '5'); } catch { /* the peak stays that of the whole process */ }
}

/** Greatest resident memory of the process since {@link resetPeakMemory}, 10⁶ bytes. */
export function peakMemoryMb(): number {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kib !== undefined) return Number(kib) * 1.024 / 1000;
  } catch { /* not Linux */ }
  return process.resourceUsage().maxRSS * 1.024 / 1000;
}

/**
 * A module to load before a program (`node --import`), that says on stderr what it used when it ends: see {@link usedBy}. Not by getrusage alone, which on Linux
 * counts the memory of the process that forked it too, from before the program began (exec takes over its high-water mark).
 */
export const SAYS_USED = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  process.on('exit', () => {
    const u = process.resourceUsage();
    let peak = u.maxRSS;
    try { peak = Number(/^VmHWM:\\s+(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]); } catch {}
    process.stderr.write('used ' + (u.userCPUTime + u.systemCPUTime) + ' ' + peak + '\\n');
  });`)}`;

/** What a program used that was started with {@link SAYS_USED}, from its stderr: CPU seconds, and the peak of its resident memory, bytes. */
export function usedBy(stderr: string): { readonly cpuSeconds: number; readonly peak: number } {
  const [, cpu, peak] = /^used (\d+) (\d+)$/m.exec(stderr) ?? [];
  if (!(Number(peak) > 0)) throw new InputError('the process did not say what it used');
  return { cpuSeconds: Number(cpu) / 1e6, peak: Number(peak) * 1024 };
}
