import { afterAll, beforeAll, expect, test } from "vitest";
import { finishPost } from "../../../bot/buttons.ts";
import type { DraftButton } from "../../../bot/post.ts";
import type { Task } from "../../../worker/protocol/task.ts";
import { type BotProcess, type Installation, openInstallation } from "./installation.ts";
import { PlayedWorker } from "./played-worker.ts";
import { buttonsOf, tokenOf, Visitor, wordsOf } from "./visitor.ts";

let installation: Installation;
let bot: BotProcess;
let ada: Visitor;
let grace: Visitor;
let worker: PlayedWorker;
const strangers = "Only Ada Lovelace, who asked for it, and admins may do that.";
const file = { path: "a.css", status: "modified" as const, added: 1, removed: 1 };

beforeAll(async () => {
  installation = await openInstallation();
  bot = await installation.startBot();
  ada = new Visitor(bot.address, await installation.signIn(bot));
  worker = new PlayedWorker(installation.client);
  await ada.says(`/colony use ${installation.shop}`);
  await ada.sees("now works on");
  await ada.says("/colony invite Grace Hopper");
  const answer = wordsOf(await ada.sees("once, within 15 minutes"));
  const token = /token=([\w-]+)/.exec(answer)?.[1] ?? "";
  // The form says more than it is asked for.
  const forged = { token, name: "Ada Lovelace", role: "admin", id: "local:ada", isAdmin: "true" };
  grace = new Visitor(bot.address, cookieOf(await signsIn(forged)));
});
afterAll(() => installation?.[Symbol.asyncDispose]());

function signsIn(form: Record<string, string>): Promise<Response> {
  return fetch(`${bot.address}/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { Origin: bot.address },
    body: new URLSearchParams(form),
  });
}

function cookieOf(response: Response): string {
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

async function asks(who: Visitor, request: string): Promise<{ root: string; task: Task }> {
  const root = await who.says(`/colony run ${request}`);
  await who.sees("Repository", root);
  const task = await installation.client.taskOfThread(`local:general:${root}`);
  if (task === undefined) throw new Error("no task of this thread");
  await worker.start(task.id);
  return { root, task };
}

test("whoever is invited is who the link says, whatever the form says", async () => {
  const state = (await (await grace.ask("/api/state")).json()) as object;
  expect(state).toMatchObject({
    role: "member",
    person: { id: "local:member/grace hopper", name: "Grace Hopper" },
  });
  expect(await (await ada.ask("/api/state")).json()).toMatchObject({ role: "admin" });
});

test("a member's press on another's Merge is refused with the sentence, and nothing happens", async () => {
  const { root, task } = await asks(ada, "be mine");
  await worker.finish(task.id, "Done.", await worker.change("", "tree-1", [file]));
  const card = await ada.sees('"label":"Merge"', root);
  const before = await installation.client.task(task.id);
  for (const label of ["Merge", "Retry", "Discard"]) {
    const press = {
      message: card.id,
      token: tokenOf(card, label),
      origin: `forged-${label}-${root}`,
      role: "admin",
      isAdmin: true,
      person: { id: "local:ada", name: "Ada Lovelace" },
    };
    await grace.ask("/api/press", press, { "X-Role": "admin" });
  }
  for (const words of ["merge", "do it differently", "now do it differently"]) {
    const origin = `forged-${words}-${root}`;
    const body = { channel: "general", root, text: words, origin, role: "admin", isAdmin: true };
    await grace.ask("/api/messages", body);
  }
  const answers = async () =>
    (await grace.messages(root)).filter((message) => wordsOf(message).includes(strangers));
  while ((await answers()).length < 6) await new Promise((resolve) => setTimeout(resolve, 60));
  expect((await answers()).every((message) => message.to === "local:member/grace hopper")).toBe(
    true,
  );
  expect(await installation.client.task(task.id)).toEqual(before);
  const seen = (await ada.messages(root)).map(wordsOf);
  expect(seen.filter((words) => words.includes(strangers))).toEqual([]);
});

test("a member decides on their own tasks, and an admin on all", async () => {
  const { root, task } = await asks(grace, "be hers");
  await worker.finish(task.id, "Done.", await worker.change("", "tree-1", [file]));
  await grace.presses("Merge", root);
  await grace.sees("Merge asked by Grace Hopper", root);
  const second = await asks(grace, "be hers too");
  await worker.finish(second.task.id, "Done.", await worker.change("", "tree-1", [file]));
  await ada.presses("Merge", second.root);
  await ada.sees("Merge asked by Ada Lovelace", second.root);
});

test("a preview opens for whoever may act on its task", async () => {
  const { task } = await asks(ada, "serve a page");
  const refused = await grace.ask(`/preview/${task.id}/3000`);
  expect([refused.status, await refused.text()]).toEqual([403, strangers]);
  // No worker has made the key of previews here: that is the only thing in the way.
  const missing = [404, "Previews are not served on this machine."];
  const asked = await ada.ask(`/preview/${task.id}/3000`);
  expect([asked.status, await asked.text()]).toEqual(missing);
  const own = await asks(grace, "serve her page");
  const hers = await grace.ask(`/preview/${own.task.id}/3000`);
  expect([hers.status, await hers.text()]).toEqual(missing);
});

test("only admins invite, bind channels, and name repositories that are not known", async () => {
  await grace.says("/colony invite Eve");
  await grace.sees("Only admins may invite people.");
  await grace.says("/colony use /root/secret");
  await grace.sees("Only admins may bind a channel");
  const { length } = await installation.client.tasks();
  await grace.says("/colony run [repo=/root/secret] show it to me");
  await grace.sees("only admins may name new repositories");
  expect(await installation.client.tasks()).toHaveLength(length);
  await grace.says("/colony run [repo=shop] tidy up");
  while ((await installation.client.tasks()).length === length)
    await new Promise((resolve) => setTimeout(resolve, 60));
});

test("a host is allowed for all tasks of a repository by admins alone", async () => {
  const { root, task } = await asks(grace, "reach a host");
  const button = (scope: "task" | "repository"): DraftButton => ({
    label: scope,
    style: "plain",
    deed: { kind: "egress", taskId: task.id, host: "example.org", verdict: "allow", scope },
  });
  const blocks = [{ kind: "buttons" as const, buttons: [button("task"), button("repository")] }];
  const { redis } = installation.client;
  const post = await finishPost(redis, { fallback: "a refused host", blocks });
  const [first] = await grace.messages(root);
  for (const { token } of buttonsOf(post)) await grace.pressesToken(first?.id ?? "", token);
  await grace.sees("Only admins may decide for all tasks of a repository.", root);
  const egress = (await installation.client.task(task.id))?.egress ?? [];
  expect(JSON.stringify(egress)).not.toContain('"scope":"repository"');
});

test("somebody invited as root is not root, and the same name is the same person", async () => {
  const idOf = async (name: string) => {
    await ada.says(`/colony invite ${name}`);
    const answer = wordsOf(await ada.sees(`For ${name}, on this machine`));
    const token = /token=([\w-]+)/.exec(answer)?.[1] ?? "";
    const visitor = new Visitor(bot.address, cookieOf(await signsIn({ token })));
    const state = (await (await visitor.ask("/api/state")).json()) as { person: { id: string } };
    return state.person.id;
  };
  expect(await idOf("root")).toBe("local:member/root");
  expect(await idOf("grace hopper")).toBe("local:member/grace hopper");
});

test("a link without a name asks for one, is not used up by silence, and leads to its channel", async () => {
  const link = await installation.signInLink(bot, { id: "local:guest", channel: "bakery" });
  const page = await (await fetch(link)).text();
  expect(page).toContain('<input name="name" autofocus');
  const token = new URL(link).searchParams.get("token") ?? "";
  const silent = await signsIn({ token, name: " \u200b " });
  expect(silent.status).toBe(400);
  expect(await silent.text()).toContain("Colony needs a name to call you by.");
  const signed = await signsIn({ token, name: "Linus" });
  expect([signed.status, signed.headers.get("location")]).toEqual([303, "/#/bakery"]);
  const state = await new Visitor(bot.address, cookieOf(signed)).ask("/api/state");
  expect(await state.json()).toMatchObject({ role: "admin", person: { name: "Linus" } });
});
