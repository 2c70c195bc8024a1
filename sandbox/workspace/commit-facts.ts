import type { RepositoryContext } from "./programs.ts";

const maxFacts = 1_000;
const facts = new Map<string, Promise<unknown>>();

/**
 * What a commit holds never changes: each question is asked once per process. `what` names the
 * question, and one name always has one type.
 */
export async function factOf<T>(
  { layout }: RepositoryContext,
  commit: string,
  what: string,
  ask: () => Promise<T>,
): Promise<T> {
  const key = `${layout.root} ${commit} ${what}`;
  const known = facts.get(key);
  if (known !== undefined) return (await known) as T;
  const asked = ask();
  facts.set(key, asked);
  asked.catch(() => facts.delete(key));
  // The oldest go first: a map keeps the order of its keys.
  for (const oldest of facts.keys()) {
    if (facts.size <= maxFacts) break;
    facts.delete(oldest);
  }
  return asked;
}
