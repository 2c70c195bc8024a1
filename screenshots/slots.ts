import { within } from "./deadline.ts";

/** Bounds how many captures run at once, and lets no key have more than one of the places. */
export interface Slots {
  /** Waits for a place; the answer gives it back. */
  take(key: string, signal: AbortSignal): Promise<Disposable>;
}

/** Places are given in the order of asking, skipping keys that have one. */
export function createSlots(places: number): Slots {
  const active = new Set<string>();
  let waiting: { readonly key: string; readonly start: () => void }[] = [];

  const give = () => {
    for (const entry of [...waiting]) {
      if (active.size >= places) return;
      if (active.has(entry.key)) continue;
      active.add(entry.key);
      waiting = waiting.filter((other) => other !== entry);
      entry.start();
    }
  };
  return {
    async take(key, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const entry = { key, start: resolve };
      waiting.push(entry);
      give();
      try {
        await within(promise, signal);
      } catch (error) {
        if (waiting.includes(entry)) waiting = waiting.filter((other) => other !== entry);
        else if (active.delete(key)) give();
        throw error;
      }
      return {
        [Symbol.dispose]() {
          active.delete(key);
          give();
        },
      };
    },
  };
}
