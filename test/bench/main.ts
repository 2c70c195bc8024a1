import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench, BenchRow } from "./bench.ts";
import { describeMachine, renderBench } from "./report.ts";

/*
 * `npm run bench [-- NAME…]`: runs the named benches, or all, and writes BENCH.md when it ran all.
 */
const names = [
  "run",
  "workspace",
  "driver",
  "keeper",
  "terminal",
  "screenshot",
  "preview",
] as const;
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const unknown = wanted.filter((word) => !names.some((name) => name === word));
if (unknown.length > 0) {
  process.stderr.write(`There is no bench "${unknown[0]}". Benches: ${names.join(", ")}.\n`);
  process.exit(2);
}

const rows: BenchRow[] = [];
let failed = false;
for (const name of names.filter((one) => wanted.length === 0 || wanted.includes(one))) {
  process.stderr.write(`${name} …\n`);
  try {
    const { bench } = (await import(`./${name}.ts`)) as { bench: Bench };
    rows.push(...(await bench.run((line) => process.stderr.write(`  ${line}\n`))));
  } catch (error) {
    failed = true;
    process.stderr.write(
      `  ${name} failed: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
  }
}
const report = renderBench(rows, describeMachine(), new Date().toISOString().slice(0, 10));
process.stdout.write(report);
if (wanted.length === 0 && !failed)
  await writeFile(join(import.meta.dirname, "..", "..", "BENCH.md"), report);
process.exit(failed ? 1 : 0);
