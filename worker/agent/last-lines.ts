import { open } from "node:fs/promises";
import type { SandboxProcess } from "../../sandbox/sandbox.ts";
import { renderTerminal } from "./terminal/render.ts";

const tailBytes = 8_192;

/** Last lines that a process wrote to its standard error, or, if it wrote none, to its output. */
export async function readLastErrors(process: SandboxProcess): Promise<string[]> {
  const errors = await readTail(process.spoolPath.replace(/\.out$/, ".err"));
  const bytes = errors.length > 0 ? errors : await readTail(process.spoolPath);
  const lines = (await renderTerminal(bytes)).filter((line) => line.trim() !== "");
  return lines.slice(-10).map((line) => line.slice(0, 400));
}

async function readTail(path: string): Promise<Buffer> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return Buffer.alloc(0);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
