/** @file The process's greatest memory. */
import { readFileSync, writeFileSync } from 'node:fs';

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
