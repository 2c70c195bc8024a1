import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Command, type Installation, openInstallation } from "../integration/cli/colony.ts";

let colony: Installation;
beforeEach(async () => {
  colony = await openInstallation();
});
afterEach(() => colony[Symbol.asyncDispose]());

/** The child of `up` that runs this entry. */
function childOf(up: Command, entry: string): { pid: number; uid: number } {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const line = readFileSync(`/proc/${pid}/cmdline`, "latin1");
      if (!status.includes(`PPid:\t${up.pid}\n`) || !line.includes(entry)) continue;
      return { pid: Number(pid), uid: Number(/^Uid:\t(\d+)/m.exec(status)?.[1]) };
    } catch {
      // It ended meanwhile.
    }
  }
  throw new Error(`up has no child ${entry}`);
}

const noLeftover = { timeout: 60_000 };
const page = () => fetch(`http://127.0.0.1:${colony.port}/`).then(({ status }) => status);

/** What the page knows of whoever presses the button behind the link. */
async function signsIn(link: string, form: Record<string, string>): Promise<unknown> {
  const { origin, searchParams } = new URL(link);
  const token = searchParams.get("token") ?? "";
  const signed = await fetch(`${origin}/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { origin },
    body: new URLSearchParams({ token, ...form }),
  });
  const cookie = signed.headers.get("set-cookie")?.split(";")[0] ?? "";
  return (await fetch(`${origin}/api/state`, { headers: { cookie } })).json();
}

test("up keeps its parts alive and ends them in order", async () => {
  const up = colony.start(["up"]);
  const [, link = ""] = await up.says(/(http:\/\/127\.0\.0\.1:\d+\/sign-in\?token=[\w-]+)/);
  expect((await fetch(link)).status).toBe(200);
  expect(await signsIn(link, { name: "Ada" })).toMatchObject({
    role: "admin",
    person: { name: "Ada" },
  });
  const invited = await colony.run(["sign-in", "--member", "Grace Hopper", "--json"]);
  const { url } = JSON.parse(invited.stdout) as { url: string };
  expect(await signsIn(url, { name: "Ada", role: "admin" })).toMatchObject({
    role: "member",
    person: { name: "Grace Hopper" },
  });
  const own = await colony.run(["sign-in", "--json"]);
  const again = JSON.parse(own.stdout) as { url: string };
  expect(await signsIn(again.url, { name: "Ada" })).toMatchObject({ role: "admin" });
  expect(childOf(up, "worker/main").uid).toBe(0);
  const bot = childOf(up, "bot/main");
  expect(bot.uid).not.toBe(0);

  const second = await colony.run(["up"]);
  expect([second.code, second.stderr]).toEqual([3, expect.stringContaining("is up on")]);
  const elsewhere = await colony.run(["up", "--home", `${colony.home}/other`]);
  expect([elsewhere.code, elsewhere.stderr]).toEqual([
    3,
    expect.stringMatching(/Port \d+ for the chat page is taken/),
  ]);

  process.kill(bot.pid, "SIGKILL");
  await up.says(/The bot died \(SIGKILL\); it is started again/);
  process.kill(childOf(up, "worker/main").pid, "SIGKILL");
  await up.says(/The worker died \(SIGKILL\); it is started again/);
  await expect.poll(() => page().catch(() => 0), { timeout: 60_000 }).toBe(401);

  up.kill("SIGINT");
  expect((await up.ended).code).toBe(0);
  expect(colony.processes()).toEqual([]);
}, 300_000);

test("a closed terminal ends it, and SIGKILL leaves nothing either", async () => {
  const first = colony.start(["up", "--quiet"]);
  await expect.poll(() => page().catch(() => 0), { timeout: 60_000 }).toBe(401);
  first.kill("SIGHUP");
  expect(await first.ended).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect(colony.processes()).toEqual([]);
  const second = colony.start(["up"]);
  await second.says(/sign-in/);
  second.kill("SIGKILL");
  await expect.poll(() => colony.processes(), noLeftover).toEqual([]);
}, 300_000);

test("a port that another program has is told, and nothing is started", async () => {
  const server = createServer().listen(colony.port, "127.0.0.1");
  try {
    const { code, stderr } = await colony.run(["up"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/Port \d+ for the chat page is taken by another program/);
    expect(colony.processes()).toEqual([]);
  } finally {
    server.close();
  }
});
