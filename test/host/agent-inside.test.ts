import { expect, test } from "vitest";
import { hostKey, openInside } from "../agents/inside.ts";
import { comparable, drive, scripted } from "../integration/agent/driving.ts";
import { SpooledProcesses } from "../integration/agent/spooled-processes.ts";

const prompts = [
  "plan write; run; ask ;; write a.txt: one ;; run cat a.txt ;; ask May I ;; say Done.",
  "append a.txt: two ;; run cat a.txt ;; say A follow-up.",
];

test("in a real sandbox, with drivers that die, the same is told as without either", async () => {
  using bare = new SpooledProcesses();
  const expected = await drive({ processes: bare, profile: scripted, prompts });
  await using inside = await openInside("scripted");
  const { happenings, drivers } = await drive({
    ...inside,
    prompts,
    dies: (count) => (count % 3 === 0 ? "stored" : count % 3 === 1 ? "unstored" : false),
  });
  expect(drivers).toBeGreaterThan(5);
  expect(comparable(happenings)).toEqual(comparable(expected.happenings));
});

test("a dead agent's last words come from its standard error", async () => {
  await using inside = await openInside("scripted");
  const { happenings } = await drive({ ...inside, prompts: ["exit 3"] });
  expect(happenings.at(-1)).toMatchObject({
    kind: "exited",
    exit: { exitCode: 3 },
    lastLines: ["The script says to exit with 3."],
  });
});

test("an agent works by its model, and the host's key is nowhere inside", async () => {
  await using inside = await openInside("codex");
  const { happenings } = await drive({
    ...inside,
    mode: "bypass",
    prompts: ["Please do colony-edit now."],
  });
  expect(happenings.at(-1)).toMatchObject({ kind: "turn-ended", stopReason: "end_turn" });
  const look = `cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c ${hostKey};
    grep -rl ${hostKey} /root /workspace /opt/colony/worker /tmp /etc | grep -v self; true`;
  const found = await inside.processes.exec(["sh", "-c", look], {
    timeoutMs: 60_000,
    maxOutputBytes: 10_000,
  });
  expect(found.output.trim()).toBe("0");
});
