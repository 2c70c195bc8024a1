/** What the tests use of node-pty beyond `sandbox/keeper/node-pty.d.ts`: a terminal with a program. */
declare module "node-pty" {
  interface SpawnedTerminal {
    readonly pid: number;
    write(data: string | Buffer): void;
    resize(columns: number, rows: number): void;
    onData(listener: (data: string | Buffer) => void): void;
    onExit(listener: (end: { exitCode: number; signal?: number }) => void): void;
  }
  export function spawn(
    file: string,
    args: string[],
    options: {
      cols: number;
      rows: number;
      cwd: string;
      env: Record<string, string>;
      encoding: null;
    },
  ): SpawnedTerminal;
}
