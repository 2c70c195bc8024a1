import { expect, test } from "vitest";
import { text } from "../../../worker/demo/story.ts";
import type { SeenMessage } from "../../../worker/demo/visitor.ts";
import { openInstallation } from "./installation.ts";
import { makeRepository } from "./repository.ts";

const request =
  "/colony run --agent scripted write b.txt: two ;; ask May I go on? ;; append b.txt: three ;; say done";

test("a question survives the host: the run is resumed and asks again", async () => {
  using repository = makeRepository({ "a.txt": "one\n", ".colony.yml": "permissions: ask\n" });
  const caller = { uid: 0, gid: 0, home: "/root", env: {} };
  await using before = await openInstallation();
  await before.client.addRepository({ name: "shop", url: repository.path, caller });
  await before.client.bindChannel("local:shop", "shop");
  const within = () => AbortSignal.timeout(120_000);
  const isQuestion = (message: SeenMessage) =>
    JSON.stringify(message.post ?? {}).includes('"Allow once"');
  const ada = await before.visit();
  const root = await ada.say({ channel: "shop", root: "" }, request);
  const place = { channel: "shop", root };
  const first = await ada.waitFor(place, "The question", isQuestion, within());
  await before.crash();

  await using after = await openInstallation({ home: before.folder.home });
  const again = await after.visit();
  const isNew = (message: SeenMessage) => isQuestion(message) && message.id !== first.id;
  await again.waitFor(place, "The question, asked anew", isNew, within());
  await again.press(place, "Allow once", within());
  await again.press(place, "Merge", within());
  const isReceipt = (message: SeenMessage) =>
    /Left over: 0 processes, 0 mounts, 0 cgroups/.test(text(message));
  await again.waitFor(place, "The receipt", isReceipt, within());
  expect(repository.show("b.txt")).toContain("three");
}, 400_000);
