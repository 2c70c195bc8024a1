import { afterAll, beforeAll, expect, test } from "vitest";
import type { Task } from "../../../worker/protocol/task.ts";
import { type BotProcess, type Installation, openInstallation } from "./installation.ts";
import { PlayedWorker } from "./played-worker.ts";
import { buttonsOf, tokenOf, Visitor, wordsOf } from "./visitor.ts";

let installation: Installation;
let bot: BotProcess;
let ada: Visitor;
let worker: PlayedWorker;

beforeAll(async () => {
  installation = await openInstallation();
  bot = await installation.startBot();
  ada = new Visitor(bot.address, await installation.signIn(bot));
  worker = new PlayedWorker(installation.client);
  await ada.says(`/colony use ${installation.shop}`);
  await ada.sees("now works on");
});
afterAll(() => installation?.[Symbol.asyncDispose]());

async function asksFor(request: string): Promise<{ root: string; task: Task }> {
  const root = await ada.says(`/colony run ${request}`);
  await ada.sees("Repository", root);
  const task = await installation.client.taskOfThread(`local:general:${root}`);
  if (task === undefined) throw new Error("no task of this thread");
  return { root, task };
}

const file = { path: "index.html", status: "modified" as const, added: 3, removed: 1 };

test("an empty installation says how to begin", async () => {
  const welcome = await ada.sees("Welcome to Colony");
  expect(wordsOf(welcome)).toContain("/colony use");
});

test("a request opens a thread with a sign and a card that says what is known", async () => {
  const { root, task } = await asksFor("fix the login bug");
  expect(task).toMatchObject({ request: "fix the login bug", agent: "default" });
  expect((await ada.messages())[0]).toBeDefined();
  expect((await ada.messages()).find((message) => message.id === root)?.mark).toBe("queued");
  await worker.start(task.id);
  await worker.plan(
    task.id,
    { title: "Look", status: "completed" },
    { title: "Mend", status: "in_progress" },
  );
  const card = await ada.sees("Mend", root);
  const fields = JSON.stringify(card.post?.blocks.find((block) => block.kind === "fields"));
  for (const words of [task.id, "shop", "main @3f2a9c1d7", "scripted (plays", "host-1"])
    expect(fields).toContain(words);
  expect((await ada.messages()).find((message) => message.id === root)?.mark).toBe("working");
});

test("a failure stays on the card while later commands pass by", async () => {
  const { root, task } = await asksFor("run many commands");
  await worker.start(task.id);
  await worker.tool(task.id, "npm test", "1 failing: login", "failed");
  for (let at = 0; at < 8; at++) await worker.tool(task.id, `ls ${at}`, "a\nb");
  const card = await ada.sees("ls 7", root);
  expect(wordsOf(card)).toContain("1 failing: login");
  const steps = card.post?.blocks.find((block) => block.kind === "steps");
  expect(steps).toMatchObject({ earlier: 6 });
});

test("the agent asks: buttons by kind, the first answer counts, the second click is told so", async () => {
  const { root, task } = await asksFor("use a port");
  await worker.start(task.id);
  await worker.ask(task.id, {
    requestId: "q1",
    title: "Run the server",
    options: [
      { id: "no", name: "Reject", kind: "reject_once" },
      { id: "always", name: "Allow for this task", kind: "allow_always" },
      { id: "once", name: "Allow once", kind: "allow_once" },
    ],
  });
  const question = await ada.sees("The agent asks", root);
  const labels = buttonsOf(question.post).map((button) => button.label);
  expect(labels).toEqual(["Allow once", "Allow for this task", "Reject"]);
  const token = tokenOf(question, "Reject") ?? "";
  await ada.presses("Allow once", root);
  const answered = await ada.sees(/\*\*Allow once\*\*, said Ada Lovelace at \d\d:\d\d/, root);
  expect(answered.id).toBe(question.id);
  expect(buttonsOf(answered.post)).toEqual([]);
  await ada.pressesToken(question.id, token);
  const late = await ada.sees("answered already", root);
  expect(late.to).toBe("local:ada");
  expect((await installation.client.task(task.id))?.permissionAnswer?.optionId).toBe("once");
});

test("a reply goes to the agent, `now` interrupts, `stop` stops", async () => {
  const { root, task } = await asksFor("be steered");
  await worker.start(task.id);
  await ada.says("use tabs", root);
  await ada.says("now use spaces", root);
  await ada.says("stop", root);
  await ada.sees("Stopping", root);
  const steered = await installation.client.task(task.id);
  expect(steered?.prompts).toMatchObject([
    { text: "use tabs", interrupt: false },
    { text: "use spaces", interrupt: true },
  ]);
  expect(steered?.stopAsked?.name).toBe("Ada Lovelace");
  await worker.stopped(task.id);
  expect(wordsOf(await ada.sees("files are saved", root))).toContain("Stopped by Ada Lovelace");
});

test("the result card: check, diffstat, Merge; afterwards who decided, when and which commit", async () => {
  const { root, task } = await asksFor("change the headline");
  await worker.start(task.id);
  const change = await worker.change("diff --git a/x b/x", "tree-1", [file]);
  await worker.check(task.id, 1, "assert.equal failed");
  await worker.finish(task.id, "I changed the headline.", change);
  const result = await ada.sees('"text":"Ready for review"', root);
  for (const words of [
    "I changed the headline.",
    "assert.equal failed",
    "exit code 1",
    "index.html",
  ])
    expect(wordsOf(result)).toContain(words);
  const labels = buttonsOf(result.post).map((button) => button.label);
  expect(labels).toEqual(["Merge", "Show diff", "Retry", "Discard"]);
  await ada.presses("Show diff", root);
  await ada.sees('"kind":"diff"', root);
  const discard = tokenOf(result, "Discard") ?? "";
  const line = await ada.sees("Ready for review: +3 −1 in 1 file; the check fails.", root);
  expect(line.post).toMatchObject({ about: result.id, mention: { name: "Ada Lovelace" } });
  expect(buttonsOf(line.post)).toEqual([]);
  await ada.presses("Merge", root);
  expect(buttonsOf((await ada.sees("Merge asked by Ada Lovelace", root)).post)).toEqual([]);
  await ada.pressesToken(result.id, discard);
  await ada.sees("It is being merged already, by Ada Lovelace.", root);
  await worker.land(task.id, "9d8c7b6a5f4e3d2c");
  await worker.endSandbox(task.id);
  const decided = await ada.sees(
    /Merged by Ada Lovelace, \d\d:\d\d: on `main` as `9d8c7b6a5f4e`; author Ada Lovelace/,
    root,
  );
  expect(decided.id).toBe(result.id);
  await ada.sees("Merged into `main` as `9d8c7b6a5f4e`.", root);
  await ada.sees("0 processes, 0 mounts, 0 cgroups", root);
});

test("one card becomes the result in place; a line calls only to a card that says it too", async () => {
  const { root, task } = await asksFor("be one card");
  const card = (await ada.messages(root))[0];
  await worker.start(task.id);
  await ada.sees("Working", root);
  const png = Buffer.from("89504e470d0a1a0a00", "hex");
  await worker.pictures(task.id, [
    { viewport: "desktop", png },
    { viewport: "phone", png },
  ]);
  await worker.finish(task.id, "Done.", await worker.change("", "tree-1", [file]));
  for (let posts = 0; posts < 3; ) {
    const now = await ada.messages(root);
    posts = now.length;
    const lines = now.filter((message) => message.post?.about !== undefined);
    if (lines.length > 0) expect(wordsOf(now[0] as (typeof lines)[0])).toContain("Merge");
  }
  const [result, pictures, line] = await ada.messages(root);
  expect(result?.id).toBe(card?.id);
  expect(wordsOf(pictures as typeof line & object)).toContain("no console errors");
  expect(line?.post).toMatchObject({
    about: card?.id,
    fallback: "Ready for review: +3 −1 in 1 file.",
  });
  const shown = result?.post?.blocks.find((block) => block.kind === "pictures");
  expect(shown).toMatchObject({ pictures: [{ caption: "desktop" }, { caption: "phone" }] });
});

test("an approval is for what was shown: newer files void it", async () => {
  const { root, task } = await asksFor("change twice");
  await worker.start(task.id);
  await worker.finish(task.id, "First.", await worker.change("", "tree-1", [file]));
  const first = await ada.sees('"text":"Ready for review"', root);
  const merge = tokenOf(first, "Merge") ?? "";
  await ada.says("and once more", root);
  await ada.sees("A newer run follows below", root);
  await worker.start(task.id);
  await worker.finish(task.id, "Second.", await worker.change("", "tree-2", [file]));
  await ada.sees("Second.", root);
  await ada.pressesToken(first.id, merge);
  await ada.sees("The files have changed since this was shown", root);
  expect((await installation.client.task(task.id))?.state).toBe("review");
});

test("a conflict says file, lines, whose change and what to do; settled, Merge is back", async () => {
  const { root, task } = await asksFor("reword the button");
  await worker.start(task.id);
  await worker.finish(task.id, "Reworded.", await worker.change("", "tree-1", [file]));
  await ada.presses("Merge", root);
  await ada.sees("Merge asked", root);
  await worker.refuseMerge(task.id, "The change does not fit the base any more.", [
    { path: "index.html", lines: "12-14", withTask: "k3f9ab", withTitle: "Book a table" },
  ]);
  const told = await ada.sees("Not merged", root);
  expect(told.post?.fallback).toBe("Not merged: `index.html` conflicts with “Book a table”.");
  const card = await ada.sees("A conflict to settle", root);
  expect(told.post?.about).toBe(card.id);
  expect(wordsOf(card)).toContain(
    "`index.html`, lines 12-14, conflicts with “Book a table” (task `k3f9ab`).",
  );
  expect(buttonsOf(card.post).map((button) => button.label)).not.toContain("Merge");
  await ada.says("keep both", root);
  await worker.start(task.id);
  const change = await worker.change("", "tree-2", [file]);
  await worker.settled(task.id);
  await worker.finish(task.id, "Both are kept.", change);
  await ada.sees("Both are kept.", root);
  await ada.sees('"label":"Merge"', root);
});

test("a failed run says why in a sentence and offers Retry", async () => {
  const { root, task } = await asksFor("fail");
  await worker.start(task.id);
  await worker.fail(
    task.id,
    "The agent ended at once with exit code 127: `nope` is not installed.",
  );
  const card = await ada.sees('"text":"Failed"', root);
  const labels = buttonsOf(card.post).map((button) => button.label);
  expect(labels).toEqual(["Retry", "Logs", "Discard"]);
  expect(wordsOf(card)).not.toMatch(/being fetched|Now:|not chosen yet|"kind":"fields"/);
  await ada.presses("Retry", root);
  await ada.sees('"note":"run 2"', root);
});

test("unknown words get the nearest, later ones an honest answer, chatter an offer", async () => {
  await ada.says("/colony statsu");
  expect(wordsOf(await ada.sees("no word that Colony knows"))).toContain("`status`");
  await ada.says("/colony review main");
  await ada.sees("Reviews are not there yet");
  await ada.says("/colony merge");
  await ada.sees("belongs into the thread of a task");
  await ada.says("/colony use shop-of-nobody");
  await ada.sees("no repository that is known here");
  await ada.says("/colony run");
  await ada.sees("Say what is to be done");
  const root = await ada.says("make the footer blue");
  await ada.sees("Shall an agent do this?");
  await ada.presses("Run it", "");
  await ada.sees("Repository", root);
});

test("options are taken off the request", async () => {
  const { task } = await asksFor(
    `[repo=${installation.other} base=dev] tidy up --agent 'my-agent --yes'`,
  );
  expect(task).toMatchObject({
    request: "tidy up",
    agent: "my-agent --yes",
    repository: { url: installation.other, base: "dev" },
  });
});

test("what cannot be a repository is told at once, and nothing is bound to it", async () => {
  const { home, shop } = installation;
  const refused = async (address: string, sentence: string) => {
    await ada.says(`/colony use ${address}`);
    await ada.sees(sentence);
  };
  await refused(`${home}/nowhere`, "does not exist on this host.");
  await refused(`file://${home}/nowhere%20else`, "nowhere else` does not exist on this host.");
  await refused(`${shop}/HEAD`, "is a file, not a git repository.");
  await refused(`${shop}/refs`, "is a folder without a git repository in it");
  await refused("https://example.org/", "names a host and no repository on it.");
  await refused("https://[broken/x", "is no valid URL.");
  await refused("https://ada:secret@example.org/x.git", "holds a password");
  await refused("../shop", "no repository that is known here.");
  const bound = await installation.client.repositoryOfChannel("local:general");
  expect(bound?.url).toBe(shop);
  await ada.says("/colony use git@example.org:team/shop-two.git");
  await ada.sees("now works on `shop-two`");
  await ada.says(`/colony use ${shop}`);
  await ada.sees("now works on `shop` ");
});
