import headless from "@xterm/headless";

const columns = 120;
const rows = 40;
const maxBytes = 256 * 1024;

/**
 * What a terminal would show after these bytes, line by line: no escape codes, and of a spinner
 * only its last frame. Lines that the terminal wrapped are whole again. Only the last 256 KB count.
 */
export async function renderTerminal(bytes: Uint8Array | string): Promise<string[]> {
  const all = typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes);
  const tail =
    all.length > maxBytes ? all.subarray(all.indexOf(10, all.length - maxBytes) + 1) : all;
  const terminal = new headless.Terminal({
    cols: columns,
    rows,
    scrollback: 1_000,
    // Pipes end lines with a bare newline, which alone would not go back to column 1.
    convertEol: true,
    allowProposedApi: true,
  });
  try {
    await new Promise<void>((resolve) => terminal.write(tail, resolve));
    return readLines(terminal);
  } finally {
    terminal.dispose();
  }
}

/** The last lines as one text, bounded for a card. */
export async function renderExcerpt(bytes: Uint8Array | string, maxLines = 30): Promise<string> {
  const lines = await renderTerminal(bytes);
  return lines.slice(-maxLines).join("\n").slice(-4_000);
}

function readLines(terminal: headless.Terminal): string[] {
  const buffer = terminal.buffer.active;
  const lines: string[] = [];
  for (let row = 0; row < buffer.length; row++) {
    const line = buffer.getLine(row);
    if (!line) continue;
    const goesOn = buffer.getLine(row + 1)?.isWrapped === true;
    const text = line.translateToString(!goesOn);
    if (line.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
    else lines.push(text);
  }
  while (lines.at(-1)?.trim() === "") lines.pop();
  return lines;
}
