import { describe, expect, test } from "vitest";
import type { EgressState } from "../../../sandbox/sandbox.ts";
import { repositoryHostEntries } from "../../../worker/egress/repository-host.ts";
import { decideRules } from "../../../worker/egress/rules.ts";
import { withOwnHost } from "../../../worker/egress/sandbox-part.ts";
import { decideEgressNews } from "../../../worker/egress/tell.ts";
import { decideTaskEgress } from "../../../worker/protocol/decide-egress.ts";
import type { EgressDecision, EgressRefusal } from "../../../worker/protocol/egress.ts";
import { aTask } from "../a-task.ts";

const ada = { id: "local:ada", name: "Ada" };
const open = { kind: "open" } as const;
type Refused = Omit<EgressRefusal, "command">;
const refusal = (host: string, more: Partial<Refused> = {}): Refused => ({
  host,
  ports: [443],
  count: 1,
  sentence: "it is not on the list of names",
  askable: true,
  firstMs: 1,
  lastMs: 1,
  ...more,
});
const state = (...refusals: readonly Refused[]): EgressState => ({
  version: 1,
  hosts: [],
  moreHosts: 0,
  refusals,
  moreRefusals: 0,
  bytesUp: 0,
  bytesDown: 0,
});

test.each([
  ["https://git.example.com/a/b.git", ["git.example.com"]],
  ["https://git.example.com:8443/a.git", ["git.example.com", "git.example.com:8443"]],
  ["ssh://git@git.example.com/a.git", ["git.example.com", "git.example.com:22"]],
  ["git@git.example.com:a/b.git", ["git.example.com", "git.example.com:22"]],
  ["/srv/git/a.git", []],
  ["./a:b", []],
  ["file:///srv/a.git", []],
  ["https://10.0.0.1/a.git", []],
])("the host of %s is %j", (url, entries) => {
  expect(repositoryHostEntries(url)).toEqual(entries);
});

test("only `packages` has the repository's own host", () => {
  const url = "https://git.example.com/a.git";
  const packages = { kind: "packages", alsoNames: ["a.test"] } as const;
  expect(withOwnHost(packages, url)).toEqual({
    kind: "packages",
    alsoNames: ["a.test", "git.example.com"],
  });
  expect(withOwnHost({ kind: "none" }, url)).toEqual({ kind: "none" });
  expect(withOwnHost({ kind: "names", names: ["a.test"] }, url)).toMatchObject({ kind: "names" });
});

describe("what is news", () => {
  test("a host is told once, later counts change the task without an event", () => {
    const task = aTask();
    const first = decideEgressNews(task, state(refusal("a.test")), open);
    expect(first?.events).toMatchObject([{ type: "egress.refused", refusal: { host: "a.test" } }]);
    const next = first?.task ?? task;
    expect(decideEgressNews(next, state(refusal("a.test")), open)).toBeUndefined();
    const more = decideEgressNews(next, state(refusal("a.test", { count: 9 })), open);
    expect(more?.events).toEqual([]);
    expect(more?.task.egress?.refusals).toMatchObject([{ host: "a.test", count: 9 }]);
  });

  test("what the administrator does not allow is no question", () => {
    const bound = { kind: "names", names: ["*.b.test"] } as const;
    const told = decideEgressNews(aTask(), state(refusal("a.test"), refusal("x.b.test")), bound);
    const [a, b] = told?.task.egress?.refusals ?? [];
    expect(a).toMatchObject({ askable: false });
    expect(a?.sentence).toContain("the administrator does not allow it");
    expect(b).toMatchObject({ askable: true });
  });

  test("of many hosts twenty are told, and one sentence for the rest", () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      refusal(`h${index}.test`, { firstMs: index }),
    );
    const told = decideEgressNews(aTask(), state(...many), open);
    expect(told?.events.filter(({ type }) => type === "egress.refused")).toHaveLength(20);
    expect(told?.events.at(-1)).toMatchObject({ type: "remark" });
    expect(decideEgressNews(told?.task ?? aTask(), state(...many), open)).toBeUndefined();
  });

  test("a limit is told once", () => {
    const limited = { ...state(), limit: "this sandbox has moved too much" };
    const told = decideEgressNews(aTask(), limited, open);
    expect(told?.events).toMatchObject([
      { type: "remark", sentence: expect.stringMatching(/^This sandbox has moved too much\./) },
    ]);
    expect(decideEgressNews(told?.task ?? aTask(), limited, open)).toBeUndefined();
  });
});

describe("a person's word", () => {
  const asked = (more: Partial<Refused> = {}) =>
    aTask({ egress: { refusals: [refusal("a.test", more)], decisions: [] } });
  const wish = {
    host: "a.test",
    verdict: "allow",
    scope: "task",
    by: ada,
    changes: false,
  } as const;

  test("the first one counts, a typed one changes it", () => {
    const { task } = decideTaskEgress(asked({ ports: [443, 22] }), wish, 5);
    expect(task.egress?.decisions).toMatchObject([{ host: "a.test", ports: [22], atMs: 5 }]);
    expect(() => decideTaskEgress(task, { ...wish, verdict: "block" }, 6)).toThrow(
      "It was allowed for this task already, by Ada.",
    );
    const changed = decideTaskEgress(task, { ...wish, verdict: "block", changes: true }, 7);
    expect(changed.task.egress?.decisions).toMatchObject([{ verdict: "block" }]);
  });

  test("once ends by itself, and may then be said again", () => {
    const { task } = decideTaskEgress(asked(), { ...wish, scope: "once" }, 0);
    const until = task.egress?.decisions[0]?.untilMs ?? 0;
    expect(() => decideTaskEgress(task, wish, until)).toThrow("allowed once already");
    expect(decideTaskEgress(task, wish, until + 1).task.egress?.decisions).toHaveLength(1);
  });

  test.each([
    [aTask(), "no longer asks for this host"],
    [asked({ askable: false }), "Nobody here can allow it"],
    [aTask({ state: "done", egress: asked().egress }), "The task is over"],
  ])("is refused where there is nothing to decide", (task, sentence) => {
    expect(() => decideTaskEgress(task, wish, 1)).toThrow(sentence);
  });
});

test("rules: the task's own word before the repository's, never beyond the administrator's", () => {
  const said = (host: string, more: Partial<EgressDecision> = {}): EgressDecision => ({
    host,
    ports: [],
    verdict: "allow",
    scope: "task",
    by: ada,
    atMs: 1,
    ...more,
  });
  const always = [said("a.test", { scope: "repository" }), said("b.test", { scope: "repository" })];
  const egress = {
    refusals: [],
    decisions: [said("a.test", { verdict: "block" }), said("c.test")],
  };
  const hosts = (bound: Parameters<typeof decideRules>[2]) =>
    decideRules(egress, always, bound).map(({ host, verdict }) => `${verdict} ${host}`);
  expect(hosts(open)).toEqual(["allow b.test", "block a.test", "allow c.test"]);
  expect(hosts({ kind: "names", names: ["c.test"] })).toEqual(["block a.test", "allow c.test"]);
  expect(hosts({ kind: "none" })).toEqual(["block a.test"]);
});
