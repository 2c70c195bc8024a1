import type { Readable } from "node:stream";
import { runCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import type { KeeperClaim } from "./keeper-spec.ts";
import { parseStart, type StartReport } from "./start-report.ts";

const stepsTimeoutMs = 110_000;

/**
 * Waits, with everything loaded, for the one line that names a sandbox; then mounts and starts it.
 * The end of the input before that line is the launcher's end, and ours.
 */
export async function waitForClaim(
  input: Readable,
): Promise<{ readonly specPath: string; readonly start: StartReport }> {
  // Modules of keepers with a network: loaded now, since later somebody waits.
  await Promise.all([
    import("./keeper-network.ts"),
    import("../network/network.ts"),
    import("../network/egress.ts"),
    import("../network/upstream.ts"),
  ]);
  let text = "";
  for await (const chunk of input) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  if (!text.includes("\n")) process.exit(0);
  const { specPath, steps }: KeeperClaim = JSON.parse(text);
  const { stdout } = await runCommand({
    argv: ["/bin/sh", "-c", steps],
    env: systemEnvironment,
    timeoutMs: stepsTimeoutMs,
    maxOutputBytes: 64_000,
  });
  return { specPath, start: parseStart(stdout.toString("utf8")) };
}
