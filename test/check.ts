import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** `npm run check`: every quick check, side by side; all failures are shown, not only the first. */
const CHECKS = {
  "format and lint": "biome check --diagnostic-level=warn --max-diagnostics=50 .",
  promises: "oxlint --type-aware --deny-warnings",
  types: "tsc --noEmit -p .",
  "dead code": "knip --no-progress",
  "who imports whom": "vitest run --project architecture",
} as const;

const bin = join(import.meta.dirname, "../node_modules/.bin");

async function runCheck(name: string, command: string): Promise<boolean> {
  const [program = "", ...args] = command.split(" ");
  const startMs = performance.now();
  const child = spawn(join(bin, program), args, {
    cwd: join(bin, "../.."),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const passed = code === 0;
  console.log(`${passed ? "✓" : "✗"} ${name} (${seconds} s)`);
  if (!passed) console.log(`  ${command}\n${stdout}${stderr}`);
  return passed;
}

const results = await Promise.all(
  Object.entries(CHECKS).map(([name, command]) => runCheck(name, command)),
);
if (results.includes(false)) process.exitCode = 1;
