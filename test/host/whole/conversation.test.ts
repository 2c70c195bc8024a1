import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Visitor } from "../../../worker/demo/visitor.ts";
import { ada, bob, type Installation, openInstallation } from "./installation.ts";
import { ask, blocksOf, type Channel, labelsOf, openChannel } from "./talk.ts";

let colony: Installation;
let visitor: Visitor;
let stranger: Visitor;
const channels: Channel[] = [];

beforeAll(async () => {
  colony = await openInstallation();
  visitor = await colony.visit(ada);
  stranger = await colony.visit(bob);
  channels.push(
    await openChannel(colony, "shop", { "README.md": "A shop\n" }),
    await openChannel(colony, "careful", {
      "list.txt": "one\n",
      ".colony.yml": "permissions: ask\ncheck: echo looked at it; test ! -e broken.txt\n",
    }),
  );
});
afterAll(async () => {
  const left = await colony?.end();
  await colony?.[Symbol.asyncDispose]();
  for (const { repository } of channels) repository[Symbol.dispose]();
  expect(left).toEqual({ processes: [], mounts: [], cgroups: [] });
});

const says = (channel: string, words: string) =>
  ask(colony, visitor, channel, `/colony run ${words}`);

/** Conversations go on at the same time, as those of several people do. */
describe.concurrent("in a thread", { timeout: 600_000 }, () => {
  test("a request, its card, a question, the result, a follow-up", async () => {
    const talk = await says(
      "careful",
      "plan Look; Edit ;; run echo 'looked around' ;; ask May I edit the list? ;; append list.txt: two ;; say The list has two lines.",
    );
    const first = await talk.seesMessage("The card", (message) => labelsOf(message).length > 0);
    const { id } = await talk.task();
    const fields = JSON.stringify(blocksOf(first, "fields"));
    for (const value of [id, "careful", "Base", "Agent", "Host"]) expect(fields).toContain(value);

    const question = await talk.seesMessage("The question", (message) =>
      labelsOf(message).includes("Allow once"),
    );
    expect(labelsOf(question)).toEqual(["Allow once", "Allow for this task", "Reject"]);
    const card = await talk.sees(/Waiting for your answer[\s\S]*echo 'looked around'/);
    expect(card).toMatch(/main @[0-9a-f]{9}/);
    expect(card).toMatch(/scripted \(plays a script, no model\)/);
    expect(card).toContain("looked around\n");
    expect((await talk.task()).state).toBe("waiting");

    const allow = await talk.presses("Allow once");
    await talk.sees(/\*\*Allow once\*\*, said Ada Lovelace at \d\d:\d\d/);
    const result = await talk.sees(/Ready for review/);
    expect(result).toContain("The list has two lines.");
    expect(result).toMatch(/check: .* passed in/);
    expect(result).toContain("list.txt");
    await visitor.pressAgain(allow);
    await talk.sees(/answered already, or the agent no longer asks it/);
    await talk.presses("Show diff");
    const diff = await talk.seesMessage("The diff", (one) => blocksOf(one, "diff").length > 0);
    const [block] = blocksOf(diff, "diff");
    const { artifact } = block as unknown as { artifact: { id: string; name: string } };
    const bytes = await visitor.artifact(artifact.id, artifact.name);
    expect(bytes.toString()).toMatch(/^\+two$/m);

    await talk.says(
      "run cat list.txt ;; run grep -o 'May I edit the list' ~/.colony-scripted/*.json ;; sleep 5 ;; say Remembered.",
    );
    await talk.sees(/cat list\.txt[\s\S]*one\ntwo/);
    const again = await talk.sees(/Ready for review[\s\S]*run 2[\s\S]*Remembered\./);
    expect(again).not.toContain("Failed");
    await talk.sees(/A newer run follows below\./);
    expect((await talk.task()).run).toBe(2);
  });

  test("a rejected question ends the turn, and a failing check is on the card", async () => {
    const talk = await says("careful", "write broken.txt: x ;; ask Shall I go on? ;; say Never");
    await talk.presses("Reject");
    const result = await talk.sees(/Ready for review/);
    expect(result).toMatch(/You rejected "Shall I go on\?"/);
    expect(result).toMatch(/check: .* failed with exit code 1/);
    expect(result).toContain("looked at it");
    expect(result).not.toContain("Never");
  });

  test("replies wait for their turn, `now` does not, `stop` keeps the files", async () => {
    const talk = await says("shop", "write one.txt: 1 ;; sleep 5 ;; say first");
    await talk.sees(/Edit one\.txt/);
    await talk.says("write two.txt: 2 ;; sleep 600 ;; write never.txt: never");
    await talk.sees(/Edit two\.txt/);
    expect((await talk.task()).run).toBe(1);
    await talk.says("now write three.txt: 3 ;; sleep 600");
    await talk.sees(/Edit three\.txt/);
    await talk.says("stop");
    const stopped = await talk.sees(/Stopped by Ada Lovelace/);
    for (const file of ["one.txt", "two.txt", "three.txt"]) expect(stopped).toContain(file);
    expect(stopped).not.toContain("never.txt");

    await talk.presses("Retry");
    await talk.sees(/Ready for review[\s\S]*run 2[\s\S]*first/);
    const { id } = await talk.task();
    const discard = await talk.presses("Discard");
    await talk.sees(/Discarded by Ada Lovelace, \d\d:\d\d\. Nothing was merged/);
    const receipt = await talk.sees(/Left over: 0 processes, 0 mounts, 0 cgroups; .* returned/);
    expect(receipt).not.toMatch(/; 0 B of disk/);
    expect(filesOf(id)).toEqual([]);
    await visitor.pressAgain(discard);
    await talk.sees(/It was discarded already, by Ada Lovelace\./);
    await talk.says("write more.txt: more");
    await talk.sees(/start a new one with `\/colony run …`/);
  });

  test("an agent that does not hear `stop` is ended after the grace, and its files stay", async () => {
    const talk = await says("shop", "write kept.txt: kept ;; hang");
    await talk.sees(/Edit kept\.txt/);
    await talk.presses("Stop");
    const stopped = await talk.sees(/Stopped by Ada Lovelace/);
    expect(stopped).toContain("kept.txt");
    await talk.says("run cat kept.txt ;; say back again");
    await talk.sees(/Ready for review[\s\S]*back again/);
  });

  test("words are answered to whoever says them, the nearest one named", async () => {
    const talk = await says("shop", "write mine.txt: mine ;; say mine");
    await talk.sees(/Ready for review/);
    await talk.says("/colony", stranger);
    await talk.sees(/All words|\/colony run/, stranger);
    await talk.says("/colony merg", stranger);
    await talk.sees(/no word that Colony knows. Did you mean `merge`/, stranger);
  });

  test("a keeper that dies loses its run and not its files", async () => {
    const talk = await says(
      "shop",
      "run test -e half.txt || { echo half > half.txt; sleep 600; } ;; run cat half.txt ;; say went on",
    );
    await talk.sees(/Now: .*half\.txt/);
    expect(await killKeeper(talk)).toBe(true);
    await talk.sees(/The sandbox was lost[\s\S]*Retry goes on/);
    await talk.presses("Retry");
    const result = await talk.sees(/Ready for review[\s\S]*run 2[\s\S]*went on/);
    expect(result).toContain("half.txt");
  });
});

/** Everything below the state folder that bears the task's id. */
function filesOf(taskId: string): string[] {
  const { home } = colony.folder;
  return ["sandboxes", "run"].flatMap((folder) => {
    try {
      return readdirSync(`${home}/${folder}`).filter((name) => name.includes(taskId));
    } catch {
      return [];
    }
  });
}

/** Kills the keeper of this talk's sandbox. */
async function killKeeper(talk: Awaited<ReturnType<typeof says>>): Promise<boolean> {
  const { id } = await talk.task();
  const keeper = colony
    .pids("keeper")
    .find((pid) => readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(`keeper-${id}`));
  if (keeper !== undefined) process.kill(keeper, "SIGKILL");
  return keeper !== undefined;
}
