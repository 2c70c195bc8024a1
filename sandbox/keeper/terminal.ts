import { closeSync, constants, openSync } from "node:fs";
import { startCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import type { ProcessSpec } from "../spec.ts";
import { type ExecTarget, prepareExec } from "./inside-command.ts";
import type { SpoolPaths } from "./spool.ts";
import type { Channel } from "./spooled-process.ts";

/** A daemon may hold the terminal for ever; what the program wrote is there long before. */
const drainTimeoutMs = 500;
/**
 * Inside: the leader of a session without a terminal takes the first that it opens, and all three
 * streams are it. crun's own terminal is not used: the copying between two terminals that it does
 * was seen to put bytes of fast output in another order.
 */
const takeTerminal = 'exec 0<>"$0" >&0 2>&0; exec "$@"';

/**
 * A terminal of the sandbox's own devpts, which the keeper has mounted over its `/dev/pts` (see
 * `renderFstab`): the master stays here, the program opens the slave by its name inside. node-pty
 * is loaded with the first terminal only, for idle memory.
 */
export async function openTerminal(
  spec: ProcessSpec,
  size: { readonly columns: number; readonly rows: number },
  target: ExecTarget,
  paths: SpoolPaths,
  take: (bytes: Buffer) => void,
): Promise<Channel> {
  const { open } = await import("node-pty");
  const { columns: cols, rows } = size;
  const terminal = open({ cols, rows, encoding: null });
  const { master, ptsName } = terminal;
  // Held until the program's end: with no slave open, a read of the master says that all is over.
  const held = openSync(ptsName, constants.O_RDWR | constants.O_NOCTTY);
  // node-pty would read it, and with it what is meant for the program.
  terminal.slave.destroy();
  master.removeAllListeners("error");
  const over = Promise.withResolvers<void>();
  // EIO: nobody has the slave open any more.
  master.on("error", () => master.destroy());
  master.on("close", () => over.resolve());
  master.on("data", take);

  const argv = prepareExec(
    target,
    {
      argv: ["/bin/sh", "-c", takeTerminal, ptsName, ...spec.argv],
      env: { TERM: "xterm-256color", ...spec.env },
      cwd: spec.cwd,
    },
    paths,
  );
  const child = startCommand({ argv, env: systemEnvironment, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin?.on("error", () => undefined).end();
  // Only the runtime's own words come here, when it could not start the program.
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", take);

  async function end(): Promise<{ code: number | null; signal: string | null }> {
    const exit = await new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.on("error", () => resolve({ code: 127, signal: null }));
      child.on("exit", (code, signal) => resolve({ code, signal }));
    });
    closeSync(held);
    const deadline = setTimeout(over.resolve, drainTimeoutMs);
    await over.promise;
    clearTimeout(deadline);
    master.destroy();
    return exit;
  }

  return {
    write: (bytes) => void master.write(bytes),
    closeInput() {
      // Control-D, as a person would.
      master.write(Buffer.from([4]));
    },
    resize(columns, rows) {
      terminal.resize(columns, rows);
    },
    ended: end(),
  };
}
