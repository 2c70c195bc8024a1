import { open } from "node:fs/promises";
import type { SandboxProcess } from "../../../sandbox/sandbox.ts";
import { Following } from "../following.ts";
import { within } from "../within.ts";
import { renderExcerpt } from "./render.ts";

const excerptBytes = 128 * 1024;

/** What the terminal shows, at most once in `excerptMs`; ends at exit. */
export async function* watchTurn(
  process: SandboxProcess,
  excerptMs: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  using chunks = new Following(process, await startOffset(process), signal);
  let held = Buffer.alloc(0);
  let dirty = false;
  let dueMs = Date.now() + Math.min(500, excerptMs);
  while (!signal.aborted) {
    const got = dirty ? await within(chunks.next(), dueMs) : await chunks.next();
    if (signal.aborted) return;
    if (got !== "late") {
      if (got.done) return;
      chunks.taken();
      held = Buffer.concat([held, got.value.bytes]).subarray(-excerptBytes);
      dirty = true;
    }
    if (Date.now() < dueMs) continue;
    dueMs = Date.now() + excerptMs;
    dirty = false;
    const excerpt = await renderExcerpt(held);
    if (excerpt !== "") yield excerpt;
  }
}

/** What the terminal of an ended process showed last. */
export async function lastExcerpt(process: SandboxProcess): Promise<string> {
  const held: Buffer[] = [];
  for await (const { bytes } of process.output(await startOffset(process))) held.push(bytes);
  return renderExcerpt(Buffer.concat(held));
}

/** Only the end is shown, so an adopter of a long run does not read the whole of it again. */
async function startOffset(process: SandboxProcess): Promise<number> {
  const file = await open(process.spoolPath, "r").catch(() => undefined);
  if (!file) return 0;
  try {
    return Math.max(0, (await file.stat()).size - excerptBytes);
  } finally {
    await file.close();
  }
}
