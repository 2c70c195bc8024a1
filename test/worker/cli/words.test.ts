import { CommanderError } from "commander";
import { expect, test } from "vitest";
import { decideOption, orderOptions } from "../../../worker/cli/ask-permission.ts";
import { decidePassedOn } from "../../../worker/cli/caller.ts";
import { parseOptions } from "../../../worker/cli/commands/sandbox.ts";
import { exitCodeOf, sentenceOf } from "../../../worker/cli/exit.ts";
import { CliError } from "../../../worker/cli/exit-codes.ts";
import { parseTaskId } from "../../../worker/cli/invocation.ts";
import { decideAddress, decideName } from "../../../worker/cli/repository-address.ts";
import type { PermissionRequest } from "../../../worker/protocol/permission.ts";
import { Refusal } from "../../../worker/protocol/refusal.ts";

test.each([
  ["/srv/repo", "/srv/repo", true],
  ["repo", "/home/ada/repo", true],
  ["../repo", "/home/repo", true],
  [".", "/home/ada", true],
  ["dir/with:colon", "/home/ada/dir/with:colon", true],
  ["https://example.org/o/r.git", "https://example.org/o/r.git", false],
  ["ssh://git@example.org:22/o/r", "ssh://git@example.org:22/o/r", false],
  ["file:///srv/repo", "file:///srv/repo", false],
  ["git@example.org:o/r.git", "git@example.org:o/r.git", false],
])("the repository %s is %s", (text, url, isPath) => {
  expect(decideAddress(text, "/home/ada")).toEqual({ url, isPath });
});

test.each([
  ["https://example.org/o/shop.git", "shop"],
  ["https://example.org/o/shop/", "shop"],
  ["git@example.org:shop.git", "shop"],
  ["/srv/shop", "shop"],
  ["/", "repository"],
])("%s is called %s", (url, name) => {
  expect(decideName(url)).toBe(name);
});

test("git gets what it needs of the environment, and no key", () => {
  const environment = {
    SSH_AUTH_SOCK: "/run/agent",
    GIT_SSH_COMMAND: "ssh -i key",
    GIT_CONFIG_COUNT: "1",
    https_proxy: "http://proxy",
    HTTPS_PROXY: undefined,
    ANTHROPIC_API_KEY: "secret",
    PATH: "/bin",
    LD_PRELOAD: "/evil.so",
  };
  expect(Object.keys(decidePassedOn(environment)).sort()).toEqual([
    "GIT_CONFIG_COUNT",
    "GIT_SSH_COMMAND",
    "SSH_AUTH_SOCK",
    "https_proxy",
  ]);
});

const request: PermissionRequest = {
  requestId: "r1",
  title: "Run npm install?",
  options: [
    { id: "no", name: "Reject", kind: "reject_once" },
    { id: "always", name: "Allow for this task", kind: "allow_always" },
    { id: "yes", name: "Allow once", kind: "allow_once" },
  ],
};

test("options are counted in their fixed order, whatever order the agent gave", () => {
  expect(orderOptions(request).map(({ id }) => id)).toEqual(["yes", "always", "no"]);
});

test.each([
  ["1", "yes"],
  ["3", "no"],
  [" allow-once ", "yes"],
  ["allow_always", "always"],
  ["Allow for this task", "always"],
  ["reject", "no"],
])("the answer %j means %s", (answer, optionId) => {
  expect(decideOption(request, answer)).toEqual({ optionId });
});

test.each([
  ["0", undefined],
  ["4", undefined],
  ["alow-once", "allow-once"],
  ["rejct", "reject"],
  ["", undefined],
])("the answer %j is none, %s is near", (answer, nearest) => {
  expect(decideOption(request, answer)).toEqual({ nearest });
});

test.each(["K3F9AB", " k3f9ab "])("%j is a task", (text) => {
  expect(parseTaskId(text)).toBe("k3f9ab");
});

test.each(["", "k3f9a", "3k3f9a", "../../x", "k3f9ab7"])("%j is no task", (text) => {
  expect(() => parseTaskId(text)).toThrow(/is no task.*colony ps/);
});

test("options of sandbox run become checked settings", () => {
  expect(
    parseOptions({ memory: "512M", nofile: "4096", egress: "packages,a.example.com" }),
  ).toEqual({
    limits: { memory: 512 * 1024 ** 2, files: 4096 },
    egress: { kind: "packages", alsoNames: ["a.example.com"] },
  });
  expect(parseOptions({ egress: "none" })).toEqual({ egress: { kind: "none" } });
});

test.each([
  [{ memory: "lots", egress: "none" }, /^`?--memory`? is `lots`; expected a size/],
  [{ nofile: "1", egress: "none" }, /--nofile is `1`; expected a whole number/],
  [{ memory: '1G"\nsetup: "x', egress: "none" }, /--memory/],
  [{ egress: "packges" }, /Did you mean `packages`/],
])("options %j are refused by the name that was typed", (options, sentence) => {
  expect(() => parseOptions(options)).toThrow(sentence);
});

test.each([
  [new CliError(4, "x"), 4, "colony: x"],
  [new Refusal("no"), 1, "colony: no"],
  [new CommanderError(1, "commander.unknownCommand", "said already"), 2, ""],
  [new CommanderError(0, "commander.helpDisplayed", ""), 0, ""],
  [new Error("boom"), 3, "colony: unexpected: boom (COLONY_DEBUG=1 shows where)"],
  ["thrown text", 3, "colony: thrown text"],
])("%s ends with %i", (error, code, sentence) => {
  expect(exitCodeOf(error)).toBe(code);
  expect(sentenceOf(error, false)).toBe(sentence);
});
