import { exitCodes } from "./exit-codes.ts";

/** Ctrl-C, SIGTERM and a closed terminal: the first asks for an orderly end. */
export interface Interrupts extends Disposable {
  readonly signal: AbortSignal;
}

/** A wrapper such as npm sends the terminal's Ctrl-C a second time. */
const sameMs = 1_000;

/** A second Ctrl-C that comes later than an echo of the first ends this process at once. */
export function openInterrupts(onFirst: () => void = () => {}): Interrupts {
  const ending = new AbortController();
  let firstMs = 0;
  const hear = () => {
    if (!ending.signal.aborted) {
      firstMs = Date.now();
      onFirst();
      ending.abort();
      return;
    }
    if (Date.now() - firstMs > sameMs) process.exit(exitCodes.interrupted);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, hear);
  return {
    signal: ending.signal,
    [Symbol.dispose]() {
      for (const name of signals) process.off(name, hear);
    },
  };
}
