import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readHostSettings } from "../../../sandbox/network/host-settings.ts";
import { egressFiles } from "../../../sandbox/sandbox.ts";
import type { Visitor } from "../../../worker/demo/visitor.ts";
import { main } from "../../integration/cli/colony.ts";
import { ada, bob, type Installation, openInstallation } from "../whole/installation.ts";
import { ask, type Channel, labelsOf, openChannel, type Talk } from "../whole/talk.ts";

/** A refusal in the thread, a person's word, and what becomes of it: a whole Colony. */
let colony: Installation;
let visitor: Visitor;
let stranger: Visitor;
const channels: Channel[] = [];
/** A host that this machine reaches: its own registry, which the repositories here do not list. */
let host = "";

beforeAll(async () => {
  const { registries } = await readHostSettings({ env: {}, home: "/root" });
  host = registries.find(({ scheme, port }) => scheme === "https" && port === 443)?.name ?? "";
  colony = await openInstallation();
  visitor = await colony.visit(ada);
  stranger = await colony.visit(bob, "member");
  const closed = { ".colony.yml": "egress: [nothing.example.com]\n" };
  channels.push(await openChannel(colony, "closed", closed));
  channels.push(await openChannel(colony, "other", closed));
});
afterAll(async () => {
  const left = await colony?.end();
  await colony?.[Symbol.asyncDispose]();
  for (const { repository } of channels) repository[Symbol.dispose]();
  expect(left).toEqual({ processes: [], mounts: [], cgroups: [] });
});

const question = [
  "Allow once",
  "Allow for this task",
  "Always for this repository",
  "Keep blocked",
];
const get = () => `{ curl -sk -o /dev/null -w '%{http_code}' https://${host}/; true; }`;
const runColony = (args: readonly string[]) => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], {
    encoding: "utf8",
  });
  return { stdout, stderr, code: status };
};
const says = (channel: string, words: string) =>
  ask(colony, visitor, channel, `/colony run ${words}`);
const escaped = () => host.replaceAll(".", "\\.");
const lines = async (talk: Talk) =>
  (await talk.whole()).match(new RegExp(`Network[^\\n]*${escaped()}`, "g")) ?? [];

describe("a host that is not listed", { timeout: 600_000 }, () => {
  let talk: Talk;

  test("is one line in the thread, counted, with four answers for those who may", async () => {
    talk = await says("closed", `run ${get()} ;; run ${get()} ;; run ${get()} ;; say asked`);
    const line = await talk.seesMessage("The refusal", (one) => labelsOf(one).length === 4);
    expect(labelsOf(line)).toEqual(question);
    await talk.sees(new RegExp(`Network.*${escaped()}.*port 443.*refused 3 times.*asked by.*curl`));
    expect(await lines(talk)).toHaveLength(1);
    await talk.presses("Allow for this task", stranger);
    await talk.sees(/Only Ada Lovelace, who asked for it, and admins may do that/, stranger);
    expect((await talk.task()).egress?.decisions).toEqual([]);
  });

  test("is reached in the live sandbox once somebody allowed it, and the line says who", async () => {
    await talk.sees(/Ready for review|Answered; no file/);
    const { id } = await talk.task();
    const keeperOf = () => readFileSync(`${colony.folder.sandboxes}/${id}/keeper.json`, "utf8");
    const before = keeperOf();
    const pressed = await talk.presses("Allow for this task");
    await talk.sees(/Allowed for this task by Ada Lovelace at \d\d:\d\d/);
    await visitor.pressAgain(pressed);
    await talk.sees(/allowed for this task already, by Ada Lovelace/);
    await vi.waitFor(
      async () => {
        const told = readFileSync(`${colony.folder.run}/${id}/told/refused`, "utf8");
        expect(told).toContain("Meanwhile allowed by Ada Lovelace");
      },
      { timeout: 20_000, interval: 200 },
    );
    await talk.says(`run ${get()} ;; say Reached it.`);
    await talk.sees(/Reached it\./);
    const ledger = readFileSync(egressFiles(colony.folder, id).ledger, "utf8");
    expect(ledger).toMatch(/"decision":"allowed","rule":"allowed for this task by Ada Lovelace"/);
    // The same sandbox.
    expect(keeperOf()).toBe(before);
    expect(await lines(talk)).toHaveLength(1);
  });

  test("stays allowed when the supervisor was killed, and in a new sandbox of the task", async () => {
    const { id } = await talk.task();
    colony.kill("supervisor");
    await colony.client.closeSandbox(id);
    await vi.waitFor(async () => expect((await talk.task()).sandbox).toBe("ended"), {
      timeout: 120_000,
      interval: 500,
    });
    await talk.says(`run ${get()} | grep -v 000 ;; say Reached it again.`);
    await talk.sees(/Reached it again\./);
    const ledger = readFileSync(egressFiles(colony.folder, id).ledger, "utf8");
    expect(ledger.match(/"rule":"allowed for this task by Ada/g)?.length).toBeGreaterThan(1);
    const other = await says("closed", `run ${get()} | grep 000 ;; say Not for me.`);
    await other.sees(/Not for me\./);
  });

  test("always is for later tasks of this repository, and of no other", async () => {
    const next = await says("closed", `run ${get()} ;; sleep 2 ;; say asked`);
    await next.presses("Always for this repository");
    await next.sees(/Allowed always for this repository by Ada Lovelace/);
    const later = await says("closed", `run ${get()} | grep -v 000 ;; say Mine too.`);
    await later.sees(/Mine too\./);
    const elsewhere = await says("other", `run ${get()} | grep 000 ;; say Not here.`);
    await elsewhere.sees(/Not here\./);
    await elsewhere.presses("Keep blocked");
    await elsewhere.sees(/Kept blocked by Ada Lovelace/);
  });

  test("net sums it up in the thread, and in the terminal as table and lines", async () => {
    await talk.says("net");
    const net = await talk.sees(/\*\*Network\*\*: 1 host/);
    expect(net).toMatch(new RegExp(`${escaped()}.*connection`));
    expect(net).toMatch(/Refused:[\s\S]*Allowed for this task by Ada Lovelace/);
    const { id } = await talk.task();
    const table = runColony(["net", id, "--home", colony.folder.home]);
    expect(table.stdout).toMatch(/HOST +PORTS +UP +DOWN/);
    expect(table.stdout).toMatch(/REFUSED +PORTS +TIMES/);
    const json = runColony(["net", id, "--home", colony.folder.home, "--json"]);
    const entries = json.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries).toContainEqual(
      expect.objectContaining({
        task: id,
        kind: "connection",
        host,
        port: 443,
        decision: "refused",
      }),
    );
    await vi.waitFor(
      async () => {
        const events = await colony.client.events(id);
        expect(events.some(({ event }) => event.type === "egress.summary")).toBe(true);
      },
      { timeout: 90_000, interval: 1_000 },
    );
  });

  test("a word in the terminal changes what was decided", async () => {
    const { id } = await talk.task();
    const block = ["net", id, "--block", host, "--home", colony.folder.home];
    expect(runColony(block).stdout).toContain("kept blocked");
    await talk.sees(/Kept blocked by/);
    await talk.says(`run ${get()} | grep 000 ;; say Blocked now.`);
    await talk.sees(/Blocked now\./);
    const bad = runColony(["net", id, "--allow", "0x7f.1", "--home", colony.folder.home]);
    expect(bad.code).toBe(2);
    expect(bad.stderr).toContain("is an address in disguise");
  });
});
