import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { text } from "../../../worker/demo/story.ts";
import type { SeenMessage, ThreadPlace, Visitor } from "../../../worker/demo/visitor.ts";
import { ada, type Installation, openInstallation, type Role } from "./installation.ts";
import { makeRepository } from "./repository.ts";
import { labelsOf } from "./talk.ts";

/** Numbers of a seed (mulberry32): a failing run can be played again. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const lines = 300;
const names = ["ant", "bee", "cow", "dog", "elk", "fox"] as const;

/** Half of the tasks talk ACP, half print to a terminal what a byte-for-byte comparison wants. */
function requestOf(name: string, index: number): string {
  if (index % 2 === 0) {
    return `/colony run --agent scripted plan one; two ;; write ${name}.txt: one ;; sleep 2 ;; run seq 1 50 ;; append ${name}.txt: two ;; sleep 2 ;; say ${name} is done`;
  }
  const script = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo ${name} line $i; sleep 0.02; done; echo ${name} > ${name}.txt`;
  return `/colony run --agent "${script}" make ${name}`;
}

function terminalLog(name: string): string {
  return Array.from({ length: lines }, (_, index) => `${name} line ${index + 1}\r\n`).join("");
}

export interface KillPlan {
  readonly seed: number;
  readonly kills: number;
  readonly roles: readonly Role[];
  /** Pause between two kills, at most. */
  readonly everyMs: number;
}

/** Six tasks at once while processes die; throws where anything is lost, twice or left. */
export async function surviveKills(plan: KillPlan): Promise<void> {
  using repository = makeRepository({ "README.md": "A shop\n" });
  await using colony = await openInstallation();
  const { client } = colony;
  await client.addRepository({
    name: "shop",
    url: repository.path,
    caller: { uid: 0, gid: 0, home: "/root", env: {} },
  });
  await client.bindChannel("local:shop", "shop");
  let visitor = await colony.visit();
  const places: ThreadPlace[] = [];
  for (const [index, name] of names.entries()) {
    const root = await visitor.say({ channel: "shop", root: "" }, requestOf(name, index));
    places.push({ channel: "shop", root });
  }
  const killing = killAtRandom(colony, plan);
  visitor = await patiently(visitor);
  const retries = plan.roles.includes("keeper") ? 2 * plan.kills : 0;
  let retried = 0;
  for (const place of places) retried += await untilMergeable(visitor, place, retries);
  for (const place of places) await visitor.press(place, "Merge", AbortSignal.timeout(60_000));
  await killing;
  const threads = await Promise.all(
    places.map(async (place) => {
      await visitor.waitFor(
        place,
        "The receipt",
        (message) => /Left over/.test(text(message)),
        AbortSignal.timeout(180_000),
      );
      return visitor.messages(place);
    }),
  );

  // Keepers that died before or after their runs would prove nothing.
  if (retries > 0) expect(retried).toBeGreaterThan(0);
  const tasks = (await client.tasks()).toSorted((a, b) => a.createdAtMs - b.createdAtMs);
  expect(tasks.map(({ state }) => state)).toEqual(names.map(() => "done"));
  const log = repository.log();
  for (const [index, task] of tasks.entries()) {
    const landed = log.filter(({ message }) => message.includes(`Task-Id: ${task.id}`));
    expect(
      landed.map(({ author }) => author),
      `commits of ${task.id}`,
    ).toEqual([ada.name]);
    const name = names[index] ?? "";
    expect(repository.show(`${name}.txt`)).toBe(index % 2 === 0 ? "one\ntwo\n" : `${name}\n`);
    expectThread(threads[index] ?? []);
    if (index % 2 === 1) expectLog(colony, task.id, name);
  }
  expect(await colony.end()).toEqual({ processes: [], mounts: [], cgroups: [] });
}

/** Presses Retry where a keeper's death lost the run, as often as answered: the thread said so. */
async function untilMergeable(
  visitor: Visitor,
  place: ThreadPlace,
  retries: number,
): Promise<number> {
  const pressed = new Set<string>();
  const isNew = (button: string) => (message: SeenMessage) =>
    labelsOf(message).includes(button) && !pressed.has(message.id);
  const ready = (message: SeenMessage) => isNew("Merge")(message) || isNew("Retry")(message);
  for (;;) {
    const signal = AbortSignal.timeout(300_000);
    const card = await visitor.waitFor(place, "The end of a run", ready, signal);
    if (labelsOf(card).includes("Merge")) return pressed.size;
    expect(pressed.size, text(card)).toBeLessThan(retries);
    expect(text(card)).toMatch(/The sandbox was lost: .*Retry goes on from them|Starting sandbox/);
    pressed.add(card.id);
    await visitor.press(place, "Retry", signal);
  }
}

/** Each landmark once, and in the order of the story. */
function expectThread(messages: readonly SeenMessage[]): void {
  const posts = messages.filter(({ person }) => person === undefined).map(text);
  const landmarks = [/Merged into/, /Left over/].map((landmark) => {
    const at = posts.flatMap((post, index) => (landmark.test(post) ? [index] : []));
    expect(at, `posts like ${landmark} in:\n${posts.join("\n---\n")}`).toHaveLength(1);
    return at[0] ?? -1;
  });
  expect(landmarks).toEqual(landmarks.toSorted((a, b) => a - b));
  const results = messages.filter((message) =>
    JSON.stringify(message.post ?? {}).includes('"Merged by'),
  );
  expect(results.length).toBeLessThanOrEqual(1);
}

function expectLog(colony: Installation, taskId: string, name: string): void {
  const folder = join(colony.folder.logs, taskId);
  const logs = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  expect(
    logs.some((log) => log === terminalLog(name)),
    `log of ${name}: ${logs.map((log) => log.length).join(" ")}`,
  ).toBe(true);
}

async function killAtRandom(colony: Installation, plan: KillPlan): Promise<void> {
  const random = seeded(plan.seed);
  for (let kill = 0; kill < plan.kills; kill += 1) {
    await new Promise((resolve) => setTimeout(resolve, 300 + random() * plan.everyMs));
    const role = plan.roles[Math.floor(random() * plan.roles.length)] ?? "driver";
    if (role === "keeper") await killKeeperAtWork(colony, random);
    else colony.kill(role, Math.floor(random() * 8));
  }
}

/** The keeper of a task whose agent is at work, as soon as there is one: its run is lost. */
async function killKeeperAtWork(colony: Installation, random: () => number): Promise<void> {
  const untilMs = Date.now() + 60_000;
  while (Date.now() < untilMs) {
    const atWork = (await colony.client.tasks()).filter(
      ({ state, phase }) => state === "running" && phase === "agent",
    );
    const id = atWork[Math.floor(random() * atWork.length)]?.id ?? "none";
    const pid = colony.pids("keeper").find((keeper) => groupsOf(keeper).includes(`keeper-${id}`));
    if (pid !== undefined) return void process.kill(pid, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Empty for a process that has ended meanwhile. */
function groupsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    return "";
  }
}

/** The page may be away for a moment: the person tries again, as they would. */
async function patiently(visitor: Visitor): Promise<Visitor> {
  const again =
    <A extends unknown[], R>(act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      for (let tries = 0; ; tries += 1) {
        try {
          return await act(...args);
        } catch (error) {
          const away =
            error instanceof TypeError ||
            /\(50[03]\)/.test(String(error)) ||
            error instanceof SyntaxError;
          if (!away || tries > 200) throw error;
          await new Promise((resolve) => setTimeout(resolve, 300));
        }
      }
    };
  return {
    say: again(visitor.say),
    messages: again(visitor.messages),
    press: again(visitor.press),
    waitFor: again(visitor.waitFor),
    artifact: again(visitor.artifact),
    pressAgain: again(visitor.pressAgain),
    follow: again(visitor.follow),
  };
}
