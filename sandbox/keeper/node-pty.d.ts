/** The part of node-pty that we use: the prebuilt package names itself otherwise in its types. */
declare module "node-pty" {
  import type { ReadStream } from "node:tty";

  /** A pair of pseudo-terminal ends without a process. */
  interface OpenedTerminal {
    readonly master: ReadStream & { write(bytes: Buffer): boolean };
    readonly slave: ReadStream;
    readonly ptsName: string;
    resize(columns: number, rows: number): void;
  }
  export function open(options: { cols: number; rows: number; encoding: null }): OpenedTerminal;
}
