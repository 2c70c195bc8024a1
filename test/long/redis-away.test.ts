import { expect, test } from "vitest";
import { text } from "../../worker/demo/story.ts";
import { openInstallation } from "../host/whole/installation.ts";
import { makeRepository } from "../host/whole/repository.ts";

const awayMs = 30_000;

test("Redis away for 30 s: the agent goes on, nothing starts anew, all is posted when it is back", async () => {
  using repository = makeRepository({ "README.md": "A shop\n" });
  await using colony = await openInstallation();
  const { client } = colony;
  const caller = { uid: 0, gid: 0, home: "/root", env: {} };
  await client.addRepository({ name: "shop", url: repository.path, caller });
  await client.bindChannel("local:shop", "shop");
  const ada = await colony.visit();
  const within = () => AbortSignal.timeout(120_000);
  const request =
    "/colony run --agent scripted write a.txt: one ;; sleep 20 ;; run date +%s > when.txt ;; say I went on";
  const place = { channel: "shop", root: await ada.say({ channel: "shop", root: "" }, request) };
  await ada.waitFor(
    place,
    "The first edit",
    (message) => text(message).includes("a.txt"),
    within(),
  );

  const stoppedAtMs = Date.now();
  // Stopped and not killed: a dead one would be started again at once.
  for (const pid of colony.pids("redis")) process.kill(pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, awayMs));
  for (const pid of colony.pids("redis")) process.kill(pid, "SIGCONT");
  const backAtMs = Date.now();

  await ada.waitFor(
    place,
    "The result",
    (message) => text(message).includes("I went on"),
    within(),
  );
  await ada.press(place, "Merge", within());
  await ada.waitFor(place, "The receipt", (message) => /Left over/.test(text(message)), within());
  const wroteAtMs = Number(repository.show("when.txt")) * 1_000;
  expect(wroteAtMs).toBeGreaterThan(stoppedAtMs);
  expect(wroteAtMs, "the agent worked while Redis was away").toBeLessThan(backAtMs);
  const [task] = await client.tasks();
  const events = (await client.events(task?.id ?? "")).map(({ event }) => event.type);
  expect(events.filter((type) => type === "agent.started")).toHaveLength(1);
  expect(events.filter((type) => type === "run.started")).toHaveLength(1);
}, 300_000);
