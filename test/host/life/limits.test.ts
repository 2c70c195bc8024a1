import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Installation, openInstallation } from "../whole/installation.ts";
import { ask, openChannel } from "../whole/talk.ts";

let colony: Installation;
beforeAll(async () => {
  colony = await openInstallation();
}, 240_000);
afterAll(() => colony[Symbol.asyncDispose](), 120_000);

/** A task of a repository with these limits, whose agent is a command line. */
async function run(name: string, limits: string, agent: string) {
  const visitor = await colony.visit();
  await openChannel(colony, name, { "a.txt": "one\n", ".colony.yml": `limits: {${limits}}\n` });
  return ask(colony, visitor, name, `/colony run --agent "${agent}" do ${name}`);
}

test.concurrent("a limit that was raised on the base branch holds for the retry", async () => {
  const visitor = await colony.visit();
  const settings = (memory: string) => ({ ".colony.yml": `limits: {memory: ${memory}}\n` });
  const { repository } = await openChannel(colony, "raised", {
    "a.txt": "1\n",
    ...settings("96M"),
  });
  const agent = "python3 -c 'bytearray(400 * 1024 * 1024)' && echo done > done.txt";
  const talk = await ask(colony, visitor, "raised", `/colony run --agent "${agent}" need memory`);
  await talk.sees(/\{memory: 192M\}/);
  repository.push(settings("1G"));
  await talk.presses("Retry");
  await vi.waitFor(async () => expect((await talk.task()).state).toBe("review"), {
    timeout: 120_000,
    interval: 200,
  });
}, 300_000);

test.concurrent.each([
  [
    "memory",
    "memory: 96M",
    "echo kept > kept.txt; exec python3 -c 'bytearray(400 * 1024 * 1024)'",
    /The agent was killed: its sandbox reached the memory limit \(96M\)\. .*\{memory: 192M\}/,
  ],
  [
    "disk",
    "disk: 32M",
    "echo kept > kept.txt; i=0; while :; do i=$((i+1)); head -c 4M /dev/zero > /tmp/f$i; sleep 0.1; done",
    /its files outgrew the disk limit \(32M\)\. .*\{disk: 64M\}/,
  ],
  [
    "silence",
    "silence: 4s",
    "echo kept > kept.txt; sleep 1000",
    /said and done nothing for 4s.*\{silence: 8s\}/,
  ],
  [
    "time",
    "time: 5s",
    "echo kept > kept.txt; while :; do echo x; sleep 1; done",
    /has worked for 5s.*\{time: 10s\}/,
  ],
])(
  "%s: the run ends, the thread says what and how, the files are kept",
  async (name, limits, agent, sentence) => {
    const talk = await run(name, limits, agent);
    await talk.sees(sentence);
    const task = await talk.task();
    expect(task.state).toBe("failed");
    expect(task.change?.files.map(({ path }) => path)).toEqual(["kept.txt"]);
  },
  300_000,
);

test.concurrent("pids and a child's memory: the agent goes on, and the thread is told once", async () => {
  const agent =
    "(for i in $(seq 40); do sleep 1 & done; wait); sleep 1; python3 -c 'bytearray(400 * 1024 * 1024)'; sleep 3; echo done > done.txt";
  const talk = await run("pids", "pids: 24, memory: 96M", agent);
  await talk.sees(/its limit of 24 processes; the kernel refuses more\. .*\{pids: 48\}/);
  await talk.sees(/memory limit \(96M\), so the kernel killed a process/);
  await talk.sees(/done\.txt/);
  expect((await talk.task()).state).toBe("review");
}, 300_000);
