import type { SandboxProcess } from "../../sandbox/sandbox.ts";

/** Ctrl-], as telnet has it: no agent's keyboard needs it. */
const leaveKey = 0x1d;

/** Our keyboard as the agent's, and our window's size as its terminal's, until left or disposed. */
export function typeInto(terminal: SandboxProcess): Disposable & { readonly left: AbortSignal } {
  const leaving = new AbortController();
  const { stdin, stdout } = process;
  const hear = (bytes: Buffer) => {
    const at = bytes.indexOf(leaveKey);
    const typed = at < 0 ? bytes : bytes.subarray(0, at);
    if (typed.length > 0) terminal.write(typed).catch(() => leaving.abort());
    if (at >= 0) leaving.abort();
  };
  const size = () => {
    terminal.resize(stdout.columns, stdout.rows).catch(() => {});
  };
  stdin.setRawMode(true);
  stdin.on("data", hear);
  stdout.on("resize", size);
  size();
  return {
    left: leaving.signal,
    [Symbol.dispose]() {
      stdin.off("data", hear);
      stdout.off("resize", size);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
