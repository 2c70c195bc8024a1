const patienceMs = 3_000;

/** Redis gave no answer in time; what was asked may still happen when it is back. */
export class RedisAwayError extends Error {
  override readonly name = "RedisAwayError";
  constructor() {
    super("Colony's store is away; it is tried again until it is back.");
  }
}

/** Waits for Redis as long as a person would. */
export async function withPatience<T>(answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new RedisAwayError()), patienceMs);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
