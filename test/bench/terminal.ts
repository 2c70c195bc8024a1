import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { spoolFolder } from "../../sandbox/state-folder.ts";
import { type Bench, ending, figuresOf, roundsOf } from "./bench.ts";
import { type BenchColony, openBenchColony } from "./bench-colony.ts";

const terminals = roundsOf(20);
const seconds = 20;
/** Time to start all of them; who is late begins late. */
const leadSeconds = 10 + 2 * terminals;
const beatsPerSecond = 25;
const linesPerBeat = 200;
/** With the carriage return that a terminal puts before each newline. */
const lineBytes = 100;
const lookMs = 200;
const patienceMs = 120_000;

/**
 * Each line has its number, the millisecond in which it was printed, and what follows from the
 * number: a byte that is lost, twice or wrong shows.
 */
const printer = `use Time::HiRes qw(time sleep);
my $start = $ARGV[0];
sleep($start - time) if $start > time;
my $begun = time;
$| = 1;
for my $beat (0 .. ${seconds * beatsPerSecond} - 1) {
  my $due = $begun + $beat / ${beatsPerSecond};
  sleep($due - time) if $due > time;
  my $block = "";
  for my $line ($beat * ${linesPerBeat} .. ($beat + 1) * ${linesPerBeat} - 1) {
    my $head = sprintf("%08d %013d ", $line, time * 1000);
    $block .= $head . (chr(33 + $line % 90) x ${lineBytes - 2 - 23}) . "\\n";
  }
  print $block;
}
`;
const lines = seconds * beatsPerSecond * linesPerBeat;

/** Twenty terminals at 0.5 MB/s each: from a program inside to the log file at the sink. */
export const bench: Bench = {
  name: "terminal",
  async run(say) {
    await using colony = await openBenchColony(
      { "print.pl": printer },
      { COLONY_DRIVER_CONCURRENCY: String(terminals) },
    );
    const startS = Math.ceil(Date.now() / 1000) + leadSeconds;
    const tasks = await Promise.all(
      Array.from({ length: terminals }, () => colony.createTask(`perl print.pl ${startS}`)),
    );
    const ids = tasks.map(({ id }) => id);
    say(`${terminals} terminals begin in ${leadSeconds} s`);
    const lags = await watchLags(colony, ids);
    say(`${lags.length} looks; comparing bytes`);
    const rates: number[] = [];
    let wrong = 0;
    for (const id of ids) {
      const { rate, isWhole } = await checkLog(colony, id);
      rates.push(rate);
      if (!isWhole) wrong += 1;
    }
    return [
      {
        name: `${terminals} terminals at 0.5 MB/s: logs that are not byte for byte what was printed`,
        unit: "logs",
        ours: figuresOf([wrong]),
        mark: { atMost: 0, of: "median" },
        remark: `${((terminals * lines * lineBytes) / 1e6).toFixed(0)} MB in all, each line checked by its number, and each log against its spool file.`,
      },
      { name: "rate of one of them", unit: "MB/s", ours: figuresOf(rates) },
      {
        name: "their lag: printed inside → on the log sink's disk",
        unit: "ms",
        ours: figuresOf(lags),
      },
    ];
  },
};

/** Looks at all logs in turn: how old is the newest line that stands there, while it is printed? */
async function watchLags(colony: BenchColony, ids: readonly string[]): Promise<number[]> {
  const lags: number[] = [];
  const whole = lines * lineBytes;
  const open = new Set(ids);
  const deadline = AbortSignal.timeout((leadSeconds + seconds) * 1000 + patienceMs);
  while (open.size > 0) {
    ending.signal.throwIfAborted();
    if (deadline.aborted) throw new Error(`${open.size} logs did not become whole in time.`);
    for (const id of open) {
      const { size, printedMs } = await newestLine(logPath(colony, id));
      if (size >= whole) open.delete(id);
      else if (printedMs !== undefined) lags.push(Date.now() - printedMs);
    }
    await sleep(lookMs);
  }
  return lags;
}

async function newestLine(path: string): Promise<{ size: number; printedMs?: number }> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return { size: 0 };
  try {
    const { size } = await file.stat();
    if (size < lineBytes) return { size };
    const at = (Math.floor(size / lineBytes) - 1) * lineBytes;
    const { buffer } = await file.read(Buffer.alloc(lineBytes), 0, lineBytes, at);
    return { size, printedMs: Number(buffer.toString("latin1", 9, 22)) };
  } finally {
    await file.close();
  }
}

async function checkLog(
  colony: BenchColony,
  id: string,
): Promise<{ rate: number; isWhole: boolean }> {
  const log = await readFile(logPath(colony, id));
  const spool = join(spoolFolder(colony.installation.folder, id), "turn-p1.out");
  const moments: number[] = [];
  let isWhole = log.length === lines * lineBytes && log.equals(await readFile(spool));
  for (let line = 0; line < lines && isWhole; line += 1) {
    const text = log.toString("latin1", line * lineBytes, (line + 1) * lineBytes);
    const moment = Number(text.slice(9, 22));
    moments.push(moment);
    isWhole = text === renderLine(line, moment);
  }
  const spentS = ((moments.at(-1) ?? 0) - (moments[0] ?? 0)) / 1000 + 1 / beatsPerSecond;
  return { rate: log.length / 1e6 / spentS, isWhole };
}

function renderLine(line: number, printedMs: number): string {
  const filling = String.fromCharCode(33 + (line % 90)).repeat(lineBytes - 2 - 23);
  const numbers = `${String(line).padStart(8, "0")} ${String(printedMs).padStart(13, "0")}`;
  return `${numbers} ${filling}\r\n`;
}

function logPath({ installation }: BenchColony, id: string): string {
  return join(installation.folder.logs, id, "turn-p1.log");
}
