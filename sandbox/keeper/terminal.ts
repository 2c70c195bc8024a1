import { systemEnvironment } from "../host-environment.ts";
import type { Channel } from "./spooled-process.ts";

/**
 * A terminal for the runtime's `exec`, which gives the program one of its own inside and copies
 * raw bytes between the two. node-pty is loaded with the first terminal only: idle memory.
 */
export async function openTerminal(
  argv: readonly [string, ...string[]],
  size: { readonly columns: number; readonly rows: number },
  take: (bytes: Buffer) => void,
): Promise<Channel> {
  const { spawn } = await import("node-pty");
  const [program, ...args] = argv;
  const terminal = spawn(program, args, {
    cols: size.columns,
    rows: size.rows,
    cwd: "/",
    env: { ...systemEnvironment, TERM: "xterm-256color" },
    encoding: null,
  });
  // Without an encoding it hands out bytes, whatever its type says.
  terminal.onData((bytes: string | Buffer) => take(Buffer.from(bytes)));
  const { promise, resolve } = Promise.withResolvers<{ code: number; signal: string | null }>();
  terminal.onExit(({ exitCode }) => resolve({ code: exitCode, signal: null }));
  return {
    write: (bytes) => terminal.write(bytes),
    closeInput() {
      // Control-D, as a person would.
      terminal.write("\x04");
    },
    resize(columns, rows) {
      terminal.resize(columns, rows);
    },
    ended: promise,
  };
}
