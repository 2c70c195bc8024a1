import headless from "@xterm/headless";

const columns = 120;
const rows = 40;

/** What a terminal shows after these bytes, line by line. Hostile bytes end here, and in `Emulator`. */
export async function emulate(bytes: Uint8Array): Promise<string[]> {
  const terminal = new headless.Terminal({
    cols: columns,
    rows,
    scrollback: 1_000,
    // Pipes end lines with a bare newline, which alone would not go back to column 1.
    convertEol: true,
    allowProposedApi: true,
  });
  try {
    await new Promise<void>((resolve) => terminal.write(bytes, resolve));
    return readLines(terminal);
  } finally {
    terminal.dispose();
  }
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
