/** Waits for `promise`, but no longer than the signal allows. The promise itself is left behind. */
export async function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {});
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Waits for `promise` at most `boundMs`; answers whether it came to an end, well or badly. */
export async function settledWithin(promise: Promise<unknown>, boundMs: number): Promise<boolean> {
  const ended = promise.then(
    () => true,
    () => true,
  );
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), boundMs);
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sleeps, unless the signal ends it (then it throws the signal's reason). */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await within(new Promise((resolve) => setTimeout(resolve, ms)), signal);
}
