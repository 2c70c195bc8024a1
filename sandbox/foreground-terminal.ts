import { type FrontStreams, passSignals } from "./foreground-process.ts";
import type { Sandbox } from "./spec.ts";

/** Runs a program in a terminal of the sandbox, with the person's own as its face. */
export async function runInTerminal(
  sandbox: Sandbox,
  program: {
    readonly argv: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
  },
  { stdin, stdout }: FrontStreams,
): Promise<number> {
  const terminal = { columns: stdout.columns || 80, rows: stdout.rows || 24 };
  const process = await sandbox.start({ name: "front", ...program, terminal });
  using _signals = passSignals((signal) => void process.kill(signal).catch(() => undefined));
  const type = (bytes: Buffer) => void process.write(bytes).catch(() => undefined);
  const resize = () => void process.resize(stdout.columns, stdout.rows).catch(() => undefined);
  stdin.setRawMode(true);
  stdin.on("data", type);
  stdout.on("resize", resize);
  try {
    for await (const { bytes } of process.output(0)) {
      if (!stdout.write(bytes)) await new Promise((resolve) => stdout.once("drain", resolve));
    }
    return (await process.exited()).exitCode ?? 1;
  } finally {
    stdin.setRawMode(false);
    stdin.off("data", type);
    stdin.pause();
    stdout.off("resize", resize);
  }
}
