import { distance } from "fastest-levenshtein";
import type { RepositoryAddress } from "./address.ts";
import { RepositoryError } from "./errors.ts";
import type { RemoteBranches } from "./transport.ts";

/** The branch to build on: the asked one, else the remote's HEAD. Throws `RepositoryError`. */
export function chooseBranch(
  address: RepositoryAddress,
  remote: RemoteBranches,
  asked: string | undefined,
): string {
  const branches = [...remote.branches.keys()];
  if (branches.length === 0) {
    throw new RepositoryError(
      "empty",
      `${address.label} is empty: it has no commit to start from.`,
    );
  }
  if (asked === undefined) {
    const usual = [remote.head, "main", "master", branches.length === 1 ? branches[0] : undefined];
    const found = usual.find((name) => name !== undefined && remote.branches.has(name));
    if (found !== undefined) return found;
    throw new RepositoryError(
      "no-branch",
      `${address.label} names no main branch; say which: ${branches.slice(0, 10).join(", ")}.`,
      { branches },
    );
  }
  if (remote.branches.has(asked)) return asked;
  const nearest = branches.toSorted((a, b) => distance(asked, a) - distance(asked, b));
  throw new RepositoryError(
    "no-branch",
    `${address.label} has no branch "${asked}"; the nearest is "${nearest[0]}".`,
    { branches: nearest },
  );
}
