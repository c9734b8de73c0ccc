/**
 * @file Progress on stderr: on a terminal one line that rewrites itself, elsewhere JSON lines that programs can read.
 * Time comes in as an argument. At most ten redraws and one JSON line a second, except that a stage's first and last always show.
 */

/** How far one stage of the work is. */
export interface ProgressEvent {
  /** What is being done, in a word or two: `sample`, `decode`. */
  readonly stage: string;
  /** Finished units of this stage, from 0 to `total`. */
  readonly done: number;
  readonly total: number;
  /** What else is worth seeing, as in `loss 0.0123`. It may change at each event. */
  readonly note?: string;
}

/** Takes progress events. */
export type Progress = (event: ProgressEvent) => void;

/** Options of {@link progressReporter}. */
export interface ProgressReporterOptions {
  readonly stream: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  /** Milliseconds, monotonic enough for a progress line. */
  readonly now: () => number;
}

const REDRAW_MS = 100;   // ten times a second: smooth to the eye, nothing to a terminal
const JSON_MS = 1000;
const BAR_CELLS = 24;

/** A reporter for `stream`; call `end` before anything else is printed, it wipes the line. */
export function progressReporter(o: ProgressReporterOptions): { readonly report: Progress; readonly end: () => void } {
  const tty = o.stream.isTTY === true;
  let stage = '';
  let stageStart = 0, shown = 0;
  let lineOpen = false;
  const report: Progress = (event) => {
    const now = o.now();
    const first = event.stage !== stage;
    if (first) { stage = event.stage; stageStart = now; }
    if (!first && event.done < event.total && now - shown < (tty ? REDRAW_MS : JSON_MS)) return;
    shown = now;
    const seconds = (now - stageStart) / 1000;
    if (!tty) { o.stream.write(`${JSON.stringify({ ...event, seconds })}\n`); return; }
    o.stream.write(`\r${progressLine(event, seconds).slice(0, (o.stream.columns ?? 80) - 1)}\u001b[K`);
    lineOpen = true;
  };
  const end = (): void => {
    if (lineOpen) o.stream.write('\r\u001b[K');
    lineOpen = false;
  };
  return { report, end };
}

/** The line that a terminal shows: `sample  ██████──────  12/50  3.4 s, 10.8 s left`. */
export function progressLine({ stage, done, total, note }: ProgressEvent, seconds: number): string {
  const part = total > 0 ? Math.min(1, done / total) : 1;
  const filled = Math.round(part * BAR_CELLS);
  const left = part > 0 && part < 1 ? `, ${(seconds * (1 / part - 1)).toFixed(1)} s left` : '';
  return `${stage.padEnd(8)}${'█'.repeat(filled)}${'─'.repeat(BAR_CELLS - filled)}  ${done}/${total}  ${seconds.toFixed(1)} s${left}${note === undefined ? '' : `  ${note}`}`;
}
