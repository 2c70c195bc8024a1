import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { comparable, type Driven, drive, scripted } from "./driving.ts";
import { SpooledProcesses } from "./spooled-processes.ts";

const prompts = [
  [
    "plan write; run; ask; write again",
    "say I begin, and I say a good deal while I do so, so that the message comes in many pieces.",
    "write a.txt: one",
    "run echo hello; echo world >&2",
    "ask May I go on",
    "append a.txt: two",
    "say Done.",
  ].join("\n"),
  "replace two by three in a.txt ;; run cat a.txt ;; say A follow-up.",
  "fail on purpose",
];

let undisturbed: Driven;
let written: string;

beforeAll(async () => {
  using processes = new SpooledProcesses();
  undisturbed = await drive({ processes, profile: scripted, prompts });
  written = readFileSync(join(processes.workspace, "a.txt"), "utf8");
});

test("an undisturbed run tells everything once, in order", () => {
  const { happenings, drivers } = undisturbed;
  expect(drivers).toBe(1);
  expect(written).toBe("one\nthree\n");
  const kinds = happenings.map((one) => one.kind);
  expect(kinds[0]).toBe("started");
  expect(kinds.filter((kind) => kind === "turn-ended")).toHaveLength(3);
  expect(happenings.find((one) => one.kind === "permission")).toMatchObject({
    permission: {
      title: "May I go on",
      options: [{ kind: "allow_once" }, { kind: "allow_always" }, { kind: "reject_once" }],
    },
  });
  const tools = happenings.flatMap((one) => (one.kind === "tool" ? [one.tool] : []));
  expect(tools.filter((tool) => tool.kind === "execute").at(1)).toMatchObject({
    status: "completed",
    exitCode: 0,
    command: "echo hello; echo world >&2",
    output: "hello\nworld",
  });
  expect(tools).toContainEqual(
    expect.objectContaining({ path: "a.txt", added: 1, removed: 0, status: "completed" }),
  );
  expect(happenings.at(-1)).toMatchObject({
    stopReason: "failed",
    sentence: expect.stringContaining("on purpose"),
  });
});

const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

test.each(seeds)("drivers that die at seeded points (seed %i) change nothing", async (seed) => {
  using stormy = new SpooledProcesses();
  const random = randomFrom(seed);
  const disturbed = await drive({
    processes: stormy,
    profile: scripted,
    prompts,
    dies: () => (random() < 0.35 ? (random() < 0.5 ? "stored" : "unstored") : false),
  });
  expect(disturbed.drivers).toBeGreaterThan(1);
  expect(comparable(disturbed.happenings)).toEqual(comparable(undisturbed.happenings));
  expect(readFileSync(join(stormy.workspace, "a.txt"), "utf8")).toBe("one\nthree\n");
});

test("a driver that dies after every single piece of news still gets through", async () => {
  using stormy = new SpooledProcesses();
  const disturbed = await drive({
    processes: stormy,
    profile: scripted,
    prompts,
    dies: (count) => (count % 2 === 0 ? "stored" : "unstored"),
  });
  expect(comparable(disturbed.happenings)).toEqual(comparable(undisturbed.happenings));
});

/** mulberry32: the same deaths for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
