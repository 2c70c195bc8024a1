import { exitCodeOf, sentenceOf } from "./exit.ts";
import type { Cli } from "./invocation.ts";
import { openProgram } from "./program.ts";

/* The command `colony`: `program.ts` is the table of its words. */

const cli: Cli = {
  environment: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
};
// Whoever read our output has read enough; the work goes on.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

try {
  await openProgram(cli).parseAsync(process.argv);
} catch (error) {
  process.exitCode = exitCodeOf(error);
  const sentence = sentenceOf(error, process.env.COLONY_DEBUG !== undefined);
  if (sentence !== "") process.stderr.write(`${sentence}\n`);
}
