import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, type BenchRow, ending } from "./bench.ts";
import { describeMachine, renderBench } from "./report.ts";

/*
 * `npm run bench [-- NAME…]`: runs the named benches, or all, and writes BENCH.md when it ran all in
 * full. Ctrl-C reaches every program that a bench started; the bench then fails and cleans up.
 */
const names = [
  "run",
  "workspace",
  "driver",
  "keeper",
  "terminal",
  "screenshot",
  "preview",
  "egress",
] as const;
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const unknown = wanted.filter((word) => !names.some((name) => name === word));
if (unknown.length > 0) {
  process.stderr.write(`There is no bench "${unknown[0]}". Benches: ${names.join(", ")}.\n`);
  process.exit(2);
}

// Not the end of this process at once: what was opened is closed first.
let isEnding = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    isEnding = true;
    ending.abort(new Error(`ended by ${signal}`));
  });
}

const rows: BenchRow[] = [];
const failures: string[] = [];
for (const name of names.filter((one) => wanted.length === 0 || wanted.includes(one))) {
  if (isEnding) break;
  process.stderr.write(`${name} …\n`);
  try {
    const { bench } = (await import(`./${name}.ts`)) as { bench: Bench };
    rows.push(...(await bench.run((line) => process.stderr.write(`  ${line}\n`))));
  } catch (error) {
    failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.stderr.write(
      `  ${name} failed: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
  }
}
const date = new Date().toISOString().slice(0, 10);
const report = renderBench(rows, failures, describeMachine(), date);
process.stdout.write(report);
const isWhole = !isEnding && wanted.length === 0 && process.env.COLONY_BENCH_ROUNDS === undefined;
if (isWhole) await writeFile(join(import.meta.dirname, "..", "..", "BENCH.md"), report);
process.exit(failures.length > 0 ? 1 : 0);
