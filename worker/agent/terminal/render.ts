import { emulate } from "./emulate.ts";
import type { Emulator } from "./emulator.ts";

const maxBytes = 256 * 1024;

/** Where this process has its terminals emulated; absent: here. */
let apart: Emulator | undefined;

/** From now on terminals are emulated there: a driver is root, and their bytes are a sandbox's. */
export function emulateApart(emulator: Emulator): Disposable {
  apart = emulator;
  return {
    [Symbol.dispose]() {
      apart = undefined;
    },
  };
}

/**
 * What a terminal would show after these bytes, line by line: no escape codes, and of a spinner
 * only its last frame. Lines that the terminal wrapped are whole again. Only the last 256 KB count.
 */
export async function renderTerminal(bytes: Uint8Array | string): Promise<readonly string[]> {
  const all = typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes);
  const tail =
    all.length > maxBytes ? all.subarray(all.indexOf(10, all.length - maxBytes) + 1) : all;
  return apart === undefined ? emulate(tail) : apart.render(tail);
}

/** The last lines as one text, bounded for a card. */
export async function renderExcerpt(bytes: Uint8Array | string, maxLines = 30): Promise<string> {
  const lines = await renderTerminal(bytes);
  return lines.slice(-maxLines).join("\n").slice(-4_000);
}
