import { readFileSync } from "node:fs";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { type Bench, type BenchRow, figuresOf } from "./bench.ts";
import { makeBenchHome, openMany } from "./sandboxes.ts";

const terminals = 20;
const seconds = 20;
const linesPerSecond = 50;
/** 10,000 bytes a line: 0.5 MB/s. */
const lineBytes = 10_000;

/** Prints numbered lines at a fixed pace, each stamped with the moment it was written. */
const printer = `
let count = 0;
const end = ${seconds * linesPerSecond};
const timer = setInterval(() => {
  const head = count + " " + Date.now() + " ";
  process.stdout.write(head + "x".repeat(${lineBytes} - 1 - head.length) + "\\n");
  if (++count === end) clearInterval(timer);
}, ${1000 / linesPerSecond});`;

/** Twenty terminals at half a megabyte a second: every byte, and how late a reader has it. */
export const bench: Bench = {
  name: "terminal",
  async run(say): Promise<BenchRow[]> {
    using folder = makeBenchHome();
    say(`opening ${terminals} sandboxes`);
    await using opened = await openMany(folder, terminals);
    say(`${seconds} s of output`);
    const results = await Promise.all(opened.sandboxes.map(readTerminal));
    const wrong = results.filter((result) => !result.isExact).length;
    if (wrong > 0) throw new Error(`${wrong} of ${terminals} terminals are not exact to the byte`);
    const lags = figuresOf(results.flatMap((result) => result.lagsMs));
    return [
      {
        name: `${terminals} terminals at 0.5 MB/s, byte for byte: lag from write to reader`,
        unit: "ms",
        ours: lags,
        remark: `${(terminals * seconds * linesPerSecond * lineBytes) / 1e6} MB, every byte compared`,
      },
    ];
  },
};

async function readTerminal(sandbox: Sandbox): Promise<{ isExact: boolean; lagsMs: number[] }> {
  const process = await sandbox.start({
    name: "printer",
    argv: ["node", "-e", printer],
    env: {},
    cwd: "/",
    terminal: { columns: 200, rows: 50 },
  });
  const lagsMs: number[] = [];
  let rest = "";
  for await (const { bytes } of process.output(0)) {
    const nowMs = Date.now();
    const lines = (rest + bytes.toString("latin1")).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) lagsMs.push(nowMs - Number(line.split(" ", 2)[1]));
  }
  return { isExact: isExact(readFileSync(process.spoolPath, "latin1")) && rest === "", lagsMs };
}

/** Each line has its number, its length and nothing but what the printer wrote. */
function isExact(text: string): boolean {
  const lines = text.split("\r\n");
  if (lines.length !== seconds * linesPerSecond + 1 || lines.at(-1) !== "") return false;
  return lines.slice(0, -1).every((line, index) => {
    const pattern = new RegExp(`^${index} \\d+ x+$`);
    return line.length === lineBytes - 1 && pattern.test(line);
  });
}
