import { appendFileSync, closeSync, writeFileSync, writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { openKeeper } from "./keeper/keeper.ts";
import { type KeeperReport, readKeeperSpec } from "./keeper/keeper-spec.ts";
import { readStart } from "./keeper/start-report.ts";
import { waitForClaim } from "./keeper/warm.ts";

/** Where the launcher waits for the first line. */
const reportFd = 3;

function report(line: KeeperReport): void {
  try {
    writeSync(reportFd, `${JSON.stringify(line)}\n`);
    closeSync(reportFd);
  } catch {
    // The launcher died meanwhile; whoever comes next adopts the sandbox.
  }
}

// A closed terminal, a service manager's stop: the keeper ends when its sandbox is closed.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);

// Among the last to go when the host runs out of memory; what runs inside is among the first.
try {
  writeFileSync("/proc/self/oom_score_adj", "-500");
} catch {
  // A host that lets root do less.
}

// `keeper-main SPEC`, with the launch script's words as input; or `keeper-main --warm`, which has
// everything loaded and waits to be told.
const [, , specArgument = ""] = process.argv;
const { specPath, start } =
  specArgument === "--warm"
    ? await waitForClaim(process.stdin)
    : { specPath: specArgument, start: await readStart(process.stdin) };
if (!start.ok) {
  report(start);
  process.exit(1);
}
try {
  const { record, over, logPath } = await openKeeper(readKeeperSpec(specPath));
  // One broken stream must not cost the terminals that this process holds.
  process.on("uncaughtException", (error) => {
    appendFileSync(logPath, `${new Date().toISOString()} ${error.stack}\n`);
  });
  report({ ok: true, record });
  // Keepers end by SIGKILL, so the cache is written now: with it, the next one neither strips
  // types nor compiles (30 MB less, and half the time to start).
  flushCompileCache();
  await over;
  process.exit(0);
} catch (error) {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  report({ ok: false, step: "opening the keeper", words });
  process.exit(1);
}
