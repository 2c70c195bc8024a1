/** Counts who wants the sandbox to stand still: it moves when nobody does any more. */
export interface Freezer<Holder> {
  freeze(holder: Holder): Promise<void>;
  thaw(holder: Holder): void;
  /** The holder is gone: whatever it froze is thawed. */
  release(holder: Holder): void;
}

/** Opens a freezer over the two acts that stop and start the sandbox. */
export function openFreezer<Holder>(act: {
  freeze(): Promise<void>;
  thaw(): void;
}): Freezer<Holder> {
  const held = new Map<Holder, number>();
  function thaw(holder: Holder, count: number): void {
    const left = (held.get(holder) ?? 0) - count;
    if (left > 0) held.set(holder, left);
    else held.delete(holder);
    if (held.size === 0) act.thaw();
  }
  return {
    async freeze(holder) {
      held.set(holder, (held.get(holder) ?? 0) + 1);
      try {
        await act.freeze();
      } catch (error) {
        thaw(holder, 1);
        throw error;
      }
      // The holder may have gone while the sandbox came to a stop.
      if (held.size === 0) act.thaw();
    },
    thaw: (holder) => thaw(holder, 1),
    release(holder) {
      if (held.has(holder)) thaw(holder, Number.POSITIVE_INFINITY);
    },
  };
}
