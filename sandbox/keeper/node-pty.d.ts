/** The part of node-pty that we use: the prebuilt package names itself otherwise in its types. */
declare module "node-pty" {
  interface Terminal {
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
  ): Terminal;
}
