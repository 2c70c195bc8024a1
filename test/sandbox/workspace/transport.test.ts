import { expect, test } from "vitest";
import { parseRepositoryAddress } from "../../../sandbox/workspace/address.ts";
import { chooseBranch } from "../../../sandbox/workspace/choose-branch.ts";
import { parseBranches } from "../../../sandbox/workspace/transport.ts";
import { transportFailure } from "../../../sandbox/workspace/transport-failure.ts";

const address = parseRepositoryAddress("https://git.example.org/o/r.git");

test("branches and HEAD of a remote", () => {
  const remote = parseBranches(
    "ref: refs/heads/dev\tHEAD\naaa\tHEAD\naaa\trefs/heads/dev\nbbb\trefs/heads/x/y\n",
  );
  expect(remote.head).toBe("dev");
  expect([...remote.branches]).toEqual([
    ["dev", "aaa"],
    ["x/y", "bbb"],
  ]);
  expect(chooseBranch(address, remote, undefined)).toBe("dev");
  expect(chooseBranch(address, remote, "x/y")).toBe("x/y");
});

test("a HEAD that points nowhere gives way to main", () => {
  const remote = parseBranches("aaa\trefs/heads/main\nbbb\trefs/heads/z\n");
  expect(chooseBranch(address, remote, undefined)).toBe("main");
});

test("a branch that is not there is answered with the nearest, an empty remote as empty", () => {
  const line = (name: string) => `aaa\trefs/heads/${name}\n`;
  const remote = parseBranches(["dev", "release/1", "main", "mint"].map(line).join(""));
  expect(() => chooseBranch(address, remote, "mian")).toThrow(
    'has no branch "mian"; the nearest is "main".',
  );
  expect(() => chooseBranch(address, parseBranches(""), undefined)).toThrow("is empty");
});

test.each([
  ["fatal: Authentication failed for 'https://u:p@h/x'", "no-access"],
  ["fatal: could not read Username for 'https://h': terminal prompts disabled", "no-access"],
  [
    "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
    "no-access",
  ],
  ["fatal: detected dubious ownership in repository at '/x'", "no-access"],
  ["Host key verification failed.\nfatal: Could not read from remote repository.", "no-access"],
  ["fatal: unable to access 'https://h/': Could not resolve host: h", "unreachable"],
  ["ssh: connect to host h port 22: Connection refused\nfatal: Could not read", "unreachable"],
  ["error: cannot run ssh: No such file or directory\nfatal: unable to fork", "unreachable"],
  ["fatal: repository 'https://h/x/' not found", "not-found"],
  ["fatal: '/x' does not appear to be a git repository", "not-found"],
  ["fatal: something new", "failed"],
])("%s", (stderr, kind) => {
  const error = transportFailure(address, stderr);
  expect(error.kind).toBe(kind);
  expect(error.message).not.toContain("u:p");
});
