import { writeFileSync } from "node:fs";
import { z } from "zod";
import { openWarmBrowser } from "./browser.ts";
import { findChromium } from "./flags.ts";
import { watchMemory } from "./memory-watch.ts";
import { serveCaptures } from "./server.ts";
import { createSlots } from "./slots.ts";

/** The process that owns the browser. It ends when its standard input does: so with its parent. */
const optionsSchema = z.strictObject({
  socketPath: z.string(),
  workFolder: z.string(),
  places: z.int(),
  maxCaptures: z.int(),
  processBytes: z.int(),
  totalBytes: z.int(),
});

const options = optionsSchema.parse(JSON.parse(process.argv[2] ?? ""));
const log = (line: string) => void process.stderr.write(`${line}\n`);
// When the host runs out of memory, pictures go first.
writeFileSync("/proc/self/oom_score_adj", "600");
const program = findChromium();
if (!program) {
  log("chromium-headless-shell is not installed: apt-get install chromium-headless-shell");
  process.exit(3);
}

// The library lets go of calls that a dying page never answers; the other captures go on.
process.on("unhandledRejection", (reason) => log(`left behind: ${String(reason)}`));

await using ending = new AsyncDisposableStack();
const warm = ending.use(
  openWarmBrowser({ program, folder: options.workFolder, maxCaptures: options.maxCaptures, log }),
);
ending.use(watchMemory(warm, options, log));
const slots = createSlots(options.places);
ending.use(await serveCaptures({ socketPath: options.socketPath, warm, slots, log }));
await warm.warmUp();
process.stdout.write("ready\n");

await new Promise((resolve) => {
  process.stdin.on("close", resolve).resume();
  process.on("SIGTERM", resolve);
});
