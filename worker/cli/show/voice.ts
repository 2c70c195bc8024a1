/** A stream that may be a terminal. */
export interface Outlet {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string | Uint8Array): boolean;
}

export type Tint = "red" | "green" | "yellow" | "blue" | "dim" | "bold";
const codes: Record<Tint, number> = { red: 31, green: 32, yellow: 33, blue: 34, dim: 2, bold: 1 };

/**
 * Everything the command line says. With `json`, stdout carries one object a line and nothing
 * else; colours and passing lines go only to a terminal.
 */
export interface Voice {
  readonly json: boolean;
  readonly columns: number;
  /** A line of the result: on stdout, or on stderr when stdout is for programs. */
  say(line: string): void;
  /** A line about the work itself: always on stderr. */
  note(line: string): void;
  /** One object on stdout; nothing without `json`. */
  object(value: Readonly<Record<string, unknown>>): void;
  /** A line that the next one replaces; only on a terminal. */
  passing(line: string): void;
  tint(colour: Tint, text: string): string;
}

export function openVoice(options: {
  readonly json: boolean;
  readonly stdout: Outlet;
  readonly stderr: Outlet;
  readonly noColour: boolean;
}): Voice {
  const { json, stdout, stderr } = options;
  const outlet = json ? stderr : stdout;
  const coloured = outlet.isTTY === true && !options.noColour;
  const columns = outlet.columns ?? 100;
  let passing = false;
  const wipe = () => {
    if (passing) stderr.write("\r\x1b[K");
    passing = false;
  };
  return {
    json,
    columns,
    say(line) {
      wipe();
      outlet.write(`${line}\n`);
    },
    note(line) {
      wipe();
      stderr.write(`${line}\n`);
    },
    object(value) {
      if (!json) return;
      wipe();
      stdout.write(`${JSON.stringify(value)}\n`);
    },
    passing(line) {
      if (stderr.isTTY !== true || json) return;
      wipe();
      if (line === "") return;
      stderr.write(line.slice(0, (stderr.columns ?? 80) - 1));
      passing = true;
    },
    tint(colour, text) {
      return coloured ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text;
    },
  };
}
