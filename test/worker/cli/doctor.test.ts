import { expect, test } from "vitest";
import { limited, missing, ok, optional } from "../../../sandbox/host-check.ts";
import { judgeSpace } from "../../../sandbox/host-checks/file-system.ts";
import { judgeKernel, judgeNamespaceLimit } from "../../../sandbox/host-checks/kernel.ts";
import { checkGuarantees, checkRuntime, judgeCgroups } from "../../../sandbox/host-checks.ts";
import { stateFolder } from "../../../sandbox/state-folder.ts";
import { checkAgents } from "../../../worker/cli/doctor/agents.ts";
import {
  checkSystemFiles,
  judgeRedis,
  readColonyUser,
} from "../../../worker/cli/doctor/programs.ts";
import { renderCheck, renderSummary } from "../../../worker/cli/doctor.ts";

test("an old kernel, a forbidden namespace and a full disk are missing, each with what mends it", () => {
  for (const check of [
    judgeKernel("5.10.0-28-amd64"),
    judgeNamespaceLimit("max_user_namespaces", "0"),
    judgeSpace("/var", 100, 1_000_000),
    judgeRedis("Redis server v=5.0.14 sha=0"),
    judgeRedis(undefined),
    ...checkSystemFiles(() => false),
  ]) {
    expect(check).toMatchObject({ state: "missing", mend: expect.stringMatching(/./) });
  }
});

test("what is new enough is fine", () => {
  expect(judgeKernel("6.1.0-18-amd64").state).toBe("ok");
  expect(judgeKernel("5.19.0").state).toBe("ok");
  expect(judgeNamespaceLimit("max_user_namespaces", "4096")).toBeUndefined();
  expect(judgeSpace("/var", 50 * 1024 ** 3, 0).state).toBe("ok");
  expect(judgeRedis("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0").state).toBe("ok");
  expect(checkSystemFiles(() => true).every((check) => check.state === "ok")).toBe(true);
});

test("says which limits cannot be enforced", () => {
  const v2 = {
    kind: "v2",
    hierarchies: [{ path: "/sys/fs/cgroup", version: 2, controllers: [] }],
  } as const;
  expect(judgeCgroups(v2, ["memory", "pids", "cpu"]).state).toBe("ok");
  expect(judgeCgroups(v2, ["pids", "cpu"])).toMatchObject({
    state: "limited",
    says: expect.stringMatching(/memory/i),
  });
  expect(judgeCgroups({ kind: "v1", hierarchies: [] }, []).state).toBe("missing");
});

test("an agent that is not installed stops nothing", () => {
  const states = checkAgents(stateFolder("/nowhere"), () => false).map((check) => check.state);
  expect(new Set(states)).toEqual(new Set(["ok", "optional"]));
});

test("shows the command that mends, and sums up", () => {
  const gone = missing("redis", "redis-server does not start.", "apt-get install redis-server");
  expect(renderCheck(gone, false)).toMatch(/^✗ redis .*\n +→ apt-get install redis-server$/);
  expect(renderSummary([gone, ok("a", "b")])).toBe(
    "1 of 2 items are missing: colony cannot run here yet.",
  );
  expect(renderSummary([limited("a", "b", "c"), optional("d", "e", "f")])).toMatch(
    /runs here; 1 of 2 items are limited/,
  );
});

test("finds the system user only by its whole name", () => {
  expect(
    readColonyUser("colonyx:x:5:6::/:/bin/sh\ncolony:x:999:995::/nonexistent:/usr/sbin/nologin\n"),
  ).toEqual({ uid: 999, gid: 995 });
  expect(readColonyUser("root:x:0:0::/root:/bin/sh\n")).toBeUndefined();
});

test("a guarantee that cannot be had is limited, and missing where it is demanded", () => {
  const lacking = [{ name: "cpu", says: "the host has no cpu controller", mend: "boot" }] as const;
  const state = (minimum: readonly string[]) =>
    checkGuarantees({ minimum }, lacking).find(({ item }) => item === "cpu");
  expect(state([])).toMatchObject({ state: "limited", says: expect.stringContaining("no cpu") });
  expect(state(["cpu"])).toMatchObject({ state: "missing", mend: "boot" });
  expect(checkGuarantees({}, []).every((check) => check.state === "ok")).toBe(true);
});

test("a runtime that is not there is missing", () => {
  const check = checkRuntime(stateFolder("/nowhere"), { runtime: "nosuchrun" });
  expect(check).toMatchObject({ state: "missing", says: expect.stringContaining("nosuchrun") });
  // Any program that is there, and is no runtime that was tried.
  const untried = checkRuntime(stateFolder("/nowhere"), { runtime: "/bin/sh" });
  expect(untried).toMatchObject({ state: "limited", says: expect.stringContaining("not tried") });
});
