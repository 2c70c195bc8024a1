import type { Freezer } from "./freezer.ts";

/** Lets a sandbox stand still that waits for a person, until anybody wants something of it. */
export interface Sleeper {
  /** Refused while somebody is connected to a port inside. */
  sleep(): Promise<void>;
  wake(): void;
  /** So many are connected now. */
  visitors(count: number): void;
}

/** Its own holder of the freezer: who froze the sandbox for a moment keeps it frozen meanwhile. */
export function openSleeper<Holder>(freezer: Freezer<Holder>, holder: Holder): Sleeper {
  let isAsleep = false;
  let visitors = 0;
  function wake(): void {
    if (!isAsleep) return;
    isAsleep = false;
    freezer.release(holder);
  }
  return {
    async sleep() {
      if (visitors > 0) throw new Error("Somebody is connected to a port of the sandbox.");
      if (isAsleep) return;
      isAsleep = true;
      try {
        await freezer.freeze(holder);
      } catch (error) {
        isAsleep = false;
        throw error;
      }
    },
    wake,
    visitors(count) {
      visitors = count;
      if (count > 0) wake();
    },
  };
}
