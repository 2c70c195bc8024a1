import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import xterm from "@xterm/headless";

const readBytes = 512 * 1024;
const columns = 120;
const rows = 40;

export interface LogFile {
  readonly name: string;
  readonly bytes: number;
  readonly changedAtMs: number;
}

/** A task's terminal logs, the newest first. */
export async function listLogs(logs: string, taskId: string): Promise<readonly LogFile[]> {
  const folder = join(logs, taskId);
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(
    names
      .filter((name) => name.endsWith(".log"))
      .map(async (name) => {
        const { size, mtimeMs } = await stat(join(folder, name));
        return { name: name.slice(0, -".log".length), bytes: size, changedAtMs: mtimeMs };
      }),
  );
  return files.filter((file) => file.bytes > 0).sort((a, b) => b.changedAtMs - a.changedAtMs);
}

/** The last `limit` bytes of a log. */
export async function readLog(
  logs: string,
  taskId: string,
  name: string,
  limit = readBytes,
): Promise<Buffer> {
  await using file = await open(join(logs, taskId, `${name}.log`), "r");
  const { size } = await file.stat();
  const start = Math.max(0, size - limit);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
  return buffer.subarray(0, bytesRead);
}

/** The lines that a terminal would show after these bytes: no escape codes, no spinner frames. */
export async function renderTerminalLines(bytes: Buffer): Promise<readonly string[]> {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    scrollback: 1_000,
    allowProposedApi: true,
    // Output of pipes has no carriage returns.
    convertEol: true,
  });
  await new Promise<void>((resolve) => terminal.write(bytes, resolve));
  const { active } = terminal.buffer;
  const lines: string[] = [];
  for (let at = 0; at < active.length; at++) {
    const line = active.getLine(at);
    const text = line?.translateToString(true) ?? "";
    if (line?.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
    else lines.push(text);
  }
  terminal.dispose();
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  return lines;
}
