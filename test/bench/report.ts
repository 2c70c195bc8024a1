import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { type BenchRow, type Figures, isMet, ratioOf } from "./bench.ts";

/** The machine that the figures come from, in one line. */
export function describeMachine(): string {
  const os = /PRETTY_NAME="(.*)"/.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  const kernel = readFileSync("/proc/sys/kernel/osrelease", "utf8").trim();
  const cores = cpus();
  const gibibytes = Math.round(totalmem() / 1024 ** 3);
  return `${cores.length} × ${cores[0]?.model.trim() ?? "CPU"}, ${gibibytes} GiB, ${os}, Linux ${kernel}, Node ${process.versions.node}`;
}

/** The rows as BENCH.md shows them, misses included. */
export function renderBench(
  rows: readonly BenchRow[],
  failures: readonly string[],
  machine: string,
  date: string,
): string {
  const lines = rows.map((row) => {
    const ratio = ratioOf(row);
    const peer = row.peer === undefined ? "–" : `${row.peer.name}: ${figures(row.peer, row.unit)}`;
    const mark =
      row.mark === undefined
        ? "–"
        : `≤ ${row.mark.atMost}${row.mark.of === "ratio" ? " ×" : ` ${row.unit}`}${row.mark.of === "mean" ? " (mean)" : ""}`;
    const met = isMet(row);
    const verdict = met === undefined ? "" : met ? "met" : "**missed**";
    return `| ${row.name} | ${figures(row.ours, row.unit)} | ${peer} | ${ratio === undefined ? "–" : `${round(ratio)} ×`} | ${mark} | ${verdict} |`;
  });
  const remarks = rows
    .filter((row) => row.remark !== undefined)
    .map((row) => `- **${row.name}**: ${row.remark}`);
  return [
    "# Figures",
    "",
    `Written by \`npm run bench\` on ${date}: ${machine}.`,
    "Median / 95th percentile (number of rounds). Each figure stands against a peer of the same run: on a shared machine trust the ratios.",
    "",
    "| what | ours | peer | ratio | mark | |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines,
    ...(remarks.length === 0 ? [] : ["", ...remarks]),
    ...failures.flatMap((failure) => ["", `**Failed**: ${failure}`]),
    "",
  ].join("\n");
}

function figures({ median, p95, samples }: Figures, unit: string): string {
  if (samples === 1) return `${round(median)} ${unit} (1)`;
  return `${round(median)} / ${round(p95)} ${unit} (${samples})`;
}

function round(value: number): string {
  if (!Number.isFinite(value)) return "?";
  if (value === 0) return "0";
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3);
}
