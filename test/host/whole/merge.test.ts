import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adoptSandbox } from "../../../sandbox/sandbox.ts";
import type { Visitor } from "../../../worker/demo/visitor.ts";
import { ada, bob, type Installation, openInstallation } from "./installation.ts";
import { ask, type Channel, labelsOf, openChannel } from "./talk.ts";

let colony: Installation;
let visitor: Visitor;
let second: Visitor;
let shop: Channel;
let pair: Channel;

beforeAll(async () => {
  colony = await openInstallation();
  visitor = await colony.visit(ada);
  second = await colony.visit(bob);
  const lines = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";
  shop = await openChannel(colony, "shop", { "list.txt": lines });
  pair = await openChannel(colony, "pair", { "README.md": "A pair\n" });
});
afterAll(async () => {
  const left = await colony?.end();
  await colony?.[Symbol.asyncDispose]();
  shop?.repository[Symbol.dispose]();
  pair?.repository[Symbol.dispose]();
  expect(left).toEqual({ processes: [], mounts: [], cgroups: [] });
});

const says = (channel: Channel, words: string) =>
  ask(colony, visitor, channel.name, `/colony run ${words}`);

describe.concurrent("merging", { timeout: 600_000 }, () => {
  test("same file: both land; same line: told, settled by a reply, landed", async () => {
    const first = await says(shop, "replace one by ONE in list.txt");
    const last = await says(shop, "replace ten by TEN in list.txt");
    const loud = await says(shop, "replace five by FIVE in list.txt");
    const other = await says(shop, "replace five by fünf in list.txt ;; say A word in German");
    for (const talk of [first, last, loud, other]) await talk.sees(/Ready for review/);

    shop.repository.push({ "outside.txt": "from outside\n" });
    await Promise.all([first.presses("Merge"), last.presses("Merge")]);
    for (const talk of [first, last]) {
      await talk.sees(/Merged into `main` as `\w+`\./);
      await talk.sees(/Merged by Ada Lovelace, \d\d:\d\d: on `main` as `\w+`; author Ada Lovelace/);
      await talk.sees(/Left over: 0 processes, 0 mounts, 0 cgroups/);
    }
    expect(shop.repository.show("list.txt")).toMatch(/^ONE\ntwo[\s\S]*\nTEN\n$/);
    expect(shop.repository.show("outside.txt")).toBe("from outside\n");
    const { id } = await first.task();
    const landed = shop.repository.log().find(({ message }) => message.includes(id));
    expect(landed?.author).toBe("Ada Lovelace");
    expect(landed?.message).toMatch(
      new RegExp(`^replace one by ONE in list\\.txt\n\nTask-Id: ${id}\nAgent: scripted$`),
    );

    await loud.presses("Merge");
    await loud.sees(/Merged into `main`/);
    await other.presses("Merge");
    const loudId = (await loud.task()).id;
    await other.sees(
      /Not merged: `list\.txt` conflicts with “replace five by FIVE in list\.txt”\./,
    );
    const card = await other.seesMessage("The card with the conflict", (message) =>
      JSON.stringify(message.post).includes("A conflict to settle"),
    );
    const told = JSON.stringify(card.post);
    expect(told).toMatch(/`list\.txt`, line 5, conflicts with “replace five by FIVE in list\.txt”/);
    expect(told).toContain(`task \`${loudId}\``);
    expect(labelsOf(card)).not.toContain("Merge");
    await other.says("settle");
    await other.sees(/Ready for review[\s\S]*run 2/);
    await other.presses("Merge");
    await other.sees(/Merged into `main`/);
    expect(shop.repository.show("list.txt")).toContain("FIVE\nfünf\n");
    expect(shop.repository.log()).toHaveLength(6);
  });

  test("pressed twice and by two people it lands once, and the late ones are told", async () => {
    const talk = await says(pair, "write twice.txt: once");
    await talk.sees(/Ready for review/);
    const merge = await talk.presses("Merge");
    await visitor.pressAgain(merge);
    await second.pressAgain(merge);
    await talk.sees(/Merged into `main`/);
    for (const who of [visitor, second]) {
      await talk.sees(/It (is being|was) merged already, by Ada Lovelace\./, who);
    }
    await second.pressAgain(merge);
    await talk.sees(/It was merged already, by Ada Lovelace\./, second);
    const { id } = await talk.task();
    const landed = pair.repository.log().filter(({ message }) => message.includes(id));
    expect(landed).toHaveLength(1);
    await talk.says("one more thing");
    await talk.sees(/It takes no more replies; start a new one with `\/colony run …`/);
  });

  test("files written after the card void the approval, and the newer ones can be merged", async () => {
    const talk = await says(pair, "write shown.txt: shown");
    await talk.sees(/Ready for review/);
    const { id } = await talk.task();
    const sandbox = await adoptSandbox(colony.folder, id);
    if (sandbox === undefined) throw new Error("The sandbox does not live between runs.");
    await sandbox.exec(["sh", "-c", "echo later > later.txt"], {
      cwd: "/workspace",
      env: {},
      timeoutMs: 60_000,
      maxOutputBytes: 1_000,
    });
    await sandbox[Symbol.asyncDispose]();
    const merge = await talk.presses("Merge");
    await talk.sees(/Not merged[\s\S]*(changed|newer)/i);
    await talk.sees(/Ready for review[\s\S]*later\.txt/);
    expect(pair.repository.log().some(({ message }) => message.includes(id))).toBe(false);
    await visitor.pressAgain(merge);
    await talk.sees(/The files have changed since this was shown/);
    await talk.presses("Merge");
    await talk.sees(/Merged into `main`/);
    expect(pair.repository.show("later.txt")).toBe("later\n");
  });

  test("a push to the same line in between is a conflict like any other", async () => {
    const talk = await says(pair, "write README.md: Ours");
    await talk.sees(/Ready for review/);
    pair.repository.push({ "README.md": "Theirs\n" });
    await talk.presses("Merge");
    await talk.sees(/Not merged: `README\.md` conflicts with “From outside”/);
    await talk.sees(/`README\.md`, line 1, conflicts with “From outside”/);
    await talk.presses("Discard");
    await talk.sees(/Left over: 0 processes, 0 mounts, 0 cgroups/);
    expect(pair.repository.show("README.md")).toBe("Theirs\n");
  });

  test("a receipt is told also when the sandbox slept before somebody decided", async () => {
    const asleep = await Promise.all(
      ["Merge", "Discard"].map(async (label) => {
        const talk = await says(pair, `write asleep-${label}.txt: asleep`);
        await talk.sees(/Ready for review/);
        await colony.client.closeSandbox((await talk.task()).id);
        await talk.sees(/went to sleep/);
        await talk.presses(label);
        return talk;
      }),
    );
    for (const talk of asleep) {
      const receipt = await talk.sees(
        /Sandbox ended\. Left over: 0 processes, 0 mounts, 0 cgroups; .* returned/,
      );
      expect(receipt).not.toMatch(/; 0 B of disk/);
    }
  });
});
