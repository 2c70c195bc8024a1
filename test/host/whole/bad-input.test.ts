import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { text } from "../../../worker/demo/story.ts";
import type { SeenMessage, Visitor } from "../../../worker/demo/visitor.ts";
import { type Installation, openInstallation } from "./installation.ts";
import { ask, bind, type Channel, openChannel, type Talk } from "./talk.ts";

let colony: Installation;
let visitor: Visitor;
let folder: string;
const channels: Channel[] = [];

beforeAll(async () => {
  colony = await openInstallation();
  visitor = await colony.visit();
  folder = mkdtempSync("/var/lib/colony-test/repositories-");
  channels.push(
    await openChannel(colony, "shop", { "README.md": "A shop\n" }),
    await openChannel(colony, "wrong", { ".colony.yml": "env: {A: b}\nchekc: npm test\n" }),
    await openChannel(colony, "slow", {
      ".colony.yml": "check: echo began; sleep 600\nlimits: {checkTime: 3s}\n",
    }),
    await openChannel(colony, "odd", {
      ".gitattributes": "*.psd filter=lfs diff=lfs\n",
      ".gitmodules": '[submodule "lib"]\n\tpath = lib\n\turl = https://example.org/lib.git\n',
    }),
  );
  addSubmodule(channels.at(-1)?.repository.path ?? "");
  await bind(colony, "missing", join(folder, "missing.git"));
  execFileSync("git", ["init", "-q", "--bare", join(folder, "empty.git")]);
  await bind(colony, "empty", join(folder, "empty.git"));
  // A whole repository in a folder that only root may enter: with root's rights it would be read.
  const closed = join(folder, "private.git");
  execFileSync("git", ["clone", "-q", "--bare", channels[0]?.repository.path ?? "", closed]);
  const nobody = { uid: 65_534, gid: 65_534, home: "/nonexistent", env: {} };
  await colony.client.addRepository({ name: "private", url: closed, caller: nobody });
  await colony.client.bindChannel("local:private", "private");
});
/** Whatever was asked: once it is discarded, nothing of it is on the host. */
afterAll(async () => {
  const tasks = (await colony?.client.tasks()) ?? [];
  const kept = tasks.filter(({ sandbox }) => sandbox === "live").map(({ id }) => id);
  const left = await colony?.end();
  await colony?.[Symbol.asyncDispose]();
  for (const { repository } of channels) repository[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
  expect(left).toEqual({ processes: [], mounts: [], cgroups: [] });
  expect(kept).toEqual([]);
});

/** A gitlink on `main`, made without the repository that it points to. */
function addSubmodule(repository: string): void {
  const work = join(folder, "odd");
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", work, "-c", "user.name=G", "-c", "user.email=g@e.org", ...args]);
  execFileSync("git", ["clone", "-q", repository, work]);
  git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},lib`);
  git("commit", "-qm", "A submodule");
  git("push", "-q", "origin", "main");
}

const says = (channel: string, words: string) =>
  ask(colony, visitor, channel, `/colony run ${words}`);

/** Throws the task away, and sees that it is gone from the disk. */
async function discards(talk: Talk): Promise<void> {
  const { id } = await talk.task();
  await talk.presses("Discard");
  await talk.sees(/Discarded by Ada Lovelace/);
  await vanishes(id);
}

async function vanishes(id: string): Promise<void> {
  const { home } = colony.folder;
  const names = () =>
    ["sandboxes", "run"]
      .map((name) => join(home, name))
      .flatMap((path) => (existsSync(path) ? readdirSync(path) : []));
  const untilMs = Date.now() + 60_000;
  while (names().some((name) => name.includes(id)) && Date.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(names().filter((name) => name.includes(id))).toEqual([]);
}

describe.concurrent("is told", { timeout: 600_000 }, () => {
  test.each([
    ["missing", "fix it", /There is no git repository at .*missing\.git/],
    ["empty", "fix it", /empty\.git is empty: it has no commit to start from/],
    ["private", "fix it", /private\.git, or the account that asked may not see it/],
    ["shop", "[base=mian] fix it", /has no branch "mian"; the nearest is "main"/],
    ["wrong", "fix it", /Line 2: .*chekc.*check/],
    ["shop", "--agent scriptd fix it", /no agent "scriptd". Did you mean scripted\?/],
    ["shop", "exit 3", /The agent ended with exit code 3[\s\S]*The script says to exit with 3/],
    ["shop", "--agent \"sh -c 'echo bang; exit 9'\" fix it", /exit code 9[\s\S]*bang/],
    ["shop", "run echo so bad; exit 4", /ended with exit code 4[\s\S]*so bad/],
  ])("in %s: %s", async (channel, words, sentence) => {
    const talk = await says(channel, words);
    expect(await talk.sees(/Failed[\s\S]*Retry/)).toMatch(sentence);
    await discards(talk);
  });

  test("words that are none, and requests that are too short or too long", async () => {
    for (const [words, answer] of [
      ["/colony rnu fix it", /`rnu` is no word that Colony knows\. Did you mean `run`\?/],
      ["/colony run", /Say what is to be done/],
      [`/colony run ${"x".repeat(100_001)}`, /has 100001 characters; at most 100000 fit/],
      ["/colony merge", /`merge` belongs into the thread of a task/],
    ] as const) {
      const top = { channel: "shop", root: "" };
      await visitor.say(top, words);
      const told = (message: SeenMessage) => answer.test(text(message));
      await visitor.waitFor(top, String(answer), told, AbortSignal.timeout(60_000));
    }
  });

  test("a request of 90,000 characters in several scripts", async () => {
    const poem = "春はあけぼの мороз и солнце صباح الخير 👩‍🚀 ".repeat(2_000).slice(0, 89_000);
    const talk = await says("shop", `write poem.txt: 春 👩‍🚀\n${poem}\nsay gelesen 読んだ`);
    expect(await talk.sees(/Ready for review/)).toContain("gelesen 読んだ");
    await discards(talk);
  });

  test("submodules and large files are remarked on", async () => {
    const talk = await says("odd", "write a.txt: a");
    await talk.sees(/Submodule "lib" is not checked out/);
    await talk.sees(/Large files \(git LFS\) are pointers here/);
    await talk.sees(/Ready for review/);
    await discards(talk);
  });

  test("an agent that breaks the protocol is told of, and goes on", async () => {
    const talk = await says(
      "shop",
      'raw this is no frame ;; raw {"jsonrpc":"2.0","method":"x/y"} ;; raw {"jsonrpc": ;; write ok.txt: ok ;; say Still here',
    );
    expect(await talk.sees(/Ready for review/)).toContain("Still here");
    await talk.sees(/no protocol message \(told once\): this is no frame/);
    await discards(talk);
  });

  test("100 MB from an agent and from a terminal", async () => {
    const spoken = await says(
      "shop",
      "print 100000000 ;; raw ;; write ok.txt: ok ;; say Still here",
    );
    const typed = await says(
      "shop",
      `--agent "sh -c 'yes spinning | head -c 100000000; echo; echo last words > w.txt; cat w.txt'" print`,
    );
    expect(await spoken.sees(/Ready for review/)).toContain("Still here");
    await spoken.sees(/a message of more than 16 MB; it was dropped/);
    expect(await typed.sees(/Ready for review/)).toMatch(/spinning\n[\s\S]*last words/);
    await discards(spoken);
    await discards(typed);
  });

  test("a check that hangs is ended by its limit and told", async () => {
    const talk = await says("slow", "write a.txt: a");
    const result = await talk.sees(/Ready for review/);
    expect(result).toMatch(/was ended by its time limit/);
    expect(result).toContain("began");
    await discards(talk);
  });

  test("file names with newlines, quotes, escape codes and bytes that are no UTF-8", async () => {
    const talk = await says(
      "shop",
      String.raw`run printf x > "$(printf 'new\012line')"; printf x > "it's \"quoted\""; printf x > "$(printf 'red\033[31m')"; printf x > "$(printf 'bad\377')"; ls ;; say Made`,
    );
    const result = await talk.sees(/Ready for review/);
    await talk.sees(/not UTF-8; the file is not in the change/);
    expect(result).toContain("new line");
    expect(result).toContain(`it's "quoted"`);
    expect(await talk.whole()).not.toContain("\u001b");
    await talk.presses("Merge");
    await talk.sees(/Merged into `main`/);
    expect(channels[0]?.repository.show("new\nline")).toBe("x");
  });
});
