import { afterAll, beforeAll, expect, test } from "vitest";
import type { SeenMessage, Visitor } from "../../../worker/demo/visitor.ts";
import { type Installation, openInstallation, type Role } from "./installation.ts";
import { ask, blocksOf, type Channel, labelsOf, openChannel } from "./talk.ts";

let colony: Installation;
let visitor: Visitor;
let shop: Channel;

beforeAll(async () => {
  // One driver with one place: whoever held it would hold up everybody.
  const environment = { COLONY_DRIVERS: "1", COLONY_DRIVER_CONCURRENCY: "1" };
  colony = await openInstallation({ environment });
  visitor = await colony.visit();
  const settings = "permissions: ask\ncheck: seq 1 100; false\n";
  shop = await openChannel(colony, "shop", { "list.txt": "one\n", ".colony.yml": settings });
});
afterAll(async () => {
  const left = await colony?.end();
  await colony?.[Symbol.asyncDispose]();
  shop?.repository[Symbol.dispose]();
  expect(left).toEqual({ processes: [], mounts: [], cgroups: [] });
});

const hasQuestion = (message: SeenMessage) => labelsOf(message).includes("Allow once");

/** SIGKILLs all processes of a role, and waits until others have taken their place. */
async function killAll(role: Role): Promise<void> {
  const dead = colony.pids(role);
  expect(dead).not.toEqual([]);
  for (const pid of dead) process.kill(pid, "SIGKILL");
  const alive = () => colony.pids(role).filter((pid) => !dead.includes(pid)).length;
  await expect.poll(alive, { timeout: 90_000 }).toBeGreaterThanOrEqual(dead.length);
}

test("a question holds no driver, and survives bot, driver, supervisor and Redis", async () => {
  const words = "/colony run ask May I? ;; write a.txt: a ;; say I went on";
  const asking = await ask(colony, visitor, "shop", words);
  await asking.seesMessage("The question", hasQuestion);

  const other = await ask(colony, visitor, "shop", "/colony run write b.txt: b");
  await other.sees(/Ready for review[\s\S]*check: seq 1 100; false failed with exit code 1/);
  // The card has the last lines of a long output, the rest is a file beside them.
  const [check] = blocksOf(
    await other.seesMessage("The check", (one) => blocksOf(one, "excerpt").length > 0),
    "excerpt",
  );
  const { text, artifact } = check as { text: string; artifact: { id: string; name: string } };
  expect(text).toMatch(/^…?\n?8\d\n[\s\S]*\n100$/);
  expect((await visitor.artifact(artifact.id, artifact.name)).toString()).toMatch(
    /^1\n2\n3\n[\s\S]*\n100$/,
  );

  for (const role of ["driver", "bot", "supervisor", "redis"] as const) await killAll(role);
  const status = () =>
    fetch(colony.origin).then(
      (answer) => answer.status,
      () => 0,
    );
  await expect.poll(status, { timeout: 90_000 }).toBe(401);
  await asking.presses("Allow once");
  expect(await asking.sees(/Ready for review/)).toContain("I went on");
  const task = await asking.task();
  const events = (await colony.client.events(task.id)).map(({ event }) => event.type);
  // The very agent that asked got the answer: nothing began anew.
  for (const type of ["run.started", "agent.started", "permission.asked"]) {
    expect(
      events.filter((one) => one === type),
      type,
    ).toHaveLength(1);
  }
}, 400_000);
