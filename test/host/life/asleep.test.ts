import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isSandboxAsleep } from "../../../sandbox/asleep.ts";
import { dialInside } from "../../../worker/preview/dial.ts";
import { standWord } from "../../../worker/protocol/decisions.ts";
import { openInstallation } from "../whole/installation.ts";
import { ask, openChannel } from "../whole/talk.ts";

const isPatient = { timeout: 60_000, interval: 200 };

test("a task that waits for a person sleeps; an answer, a page and a reply wake it", async () => {
  const parent = process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test";
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const home = mkdtempSync(join(parent, "up-"));
  const config = join(home, "config.yml");
  writeFileSync(config, "sleep: 3s\n");
  await using colony = await openInstallation({ home, environment: { COLONY_CONFIG: config } });
  const visitor = await colony.visit();
  await openChannel(colony, "shop", { "a.txt": "one\n", ".colony.yml": "permissions: ask\n" });
  const talk = await ask(
    colony,
    visitor,
    "shop",
    "/colony run --agent scripted run (python3 -m http.server 3000 > /dev/null 2>&1 &) ;; write b.txt: two ;; ask May I go on? ;; append b.txt: three ;; say done",
  );
  await talk.sees(/May I go on/);
  const { id } = await talk.task();
  const asleep = () => isSandboxAsleep(colony.folder, id);
  await expect.poll(async () => (await talk.task()).state, isPatient).toBe("waiting");
  await expect.poll(asleep, isPatient).toBe(true);
  await expect.poll(async () => standWord(await talk.task()), isPatient).toMatch(/\(asleep\)$/);

  const page = await dialInside(join(colony.folder.run, id, "dialer.sock"), 3000);
  await expect.poll(asleep, isPatient).toBe(false);
  page.destroy();
  await expect.poll(asleep, isPatient).toBe(true);

  await talk.presses("Allow once");
  await talk.sees(/done/);
  await expect.poll(async () => (await talk.task()).state, isPatient).toBe("review");
  await expect.poll(asleep, isPatient).toBe(true);
  await talk.says("write c.txt: three ;; say more");
  await talk.sees(/more/);
  await talk.presses("Discard");
  await talk.sees(/Left over: 0 processes, 0 mounts, 0 cgroups/);
}, 400_000);
