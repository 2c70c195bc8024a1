import type { AgentHappening, AgentNews } from "../agent.ts";
import { Following } from "../following.ts";
import { readLastErrors } from "../last-lines.ts";
import type { AcpSaved } from "../saved.ts";
import { renderExcerpt } from "../terminal/render.ts";
import { within } from "../within.ts";
import { needsQuiet, takeExit, takeQuiet } from "./endings.ts";
import { LineCutter, parseFrame, type SpoolLine } from "./frames.ts";
import type { AcpHold } from "./hold.ts";
import { takeFrame } from "./machine.ts";
import { giveUpMode } from "./setup.ts";
import { tellOnce } from "./step.ts";

/** An image read by an agent may pass through its frames; more than this is no conversation. */
const maxFrameBytes = 16 * 1024 * 1024;

/** Reads the agent's output from where the state stands, and tells what it means. */
export async function* pumpNews(hold: AcpHold): AsyncGenerator<AgentNews> {
  await hold.write(hold.state, []);
  const openedAt = Date.now();
  let heardAt = openedAt;
  const { offset, discarding } = hold.state;
  const cutter = new LineCutter(offset, discarding, maxFrameBytes);
  using chunks = new Following(hold.process, offset, hold.signal);
  while (!hold.signal.aborted && hold.state.phase !== "failed") {
    const deadline = nextDeadline(hold, openedAt, heardAt);
    const got = await within(chunks.next(), deadline.atMs);
    if (hold.signal.aborted) return;
    if (got === "late") {
      if (deadline.kind === "silent") heardAt = Date.now();
      yield* tellLate(hold, deadline.kind);
      continue;
    }
    if (got.done) return yield* tellExit(hold);
    chunks.taken();
    heardAt = Date.now();
    for (const line of cutter.cut(got.value.bytes)) {
      yield* tellLine(hold, line);
      if (hold.signal.aborted) return;
    }
  }
}

/** One line of the spool: its sends are written first, then its news are told one by one. */
async function* tellLine(
  hold: AcpHold,
  line: SpoolLine & { readonly discarding: boolean },
): AsyncGenerator<AgentNews> {
  const before = hold.state;
  const after = structuredClone(before);
  after.offset = line.end;
  after.skip = 0;
  after.discarding = line.discarding;
  const step =
    line.text === undefined
      ? { happenings: tellTooLarge(after), sends: [] }
      : takeFrame(after, parseFrame(line.text), hold.settings);
  await hold.write(after, step.sends);
  const count = step.happenings.length;
  for (let index = before.skip; index < count; index++) {
    const happening = step.happenings[index];
    if (!happening) break;
    // Until the frame's last news is told, a replay begins with this frame again and skips.
    hold.state = index === count - 1 ? after : { ...structuredClone(before), skip: index + 1 };
    yield await newsOf(happening, hold.state);
  }
  hold.state = after;
}

function tellTooLarge(state: AcpSaved): AgentHappening[] {
  const sentence = `The agent sent a message of more than ${maxFrameBytes / 1024 / 1024} MB; it was dropped (told once).`;
  return tellOnce(state, "frame-too-large", sentence);
}

type Deadline = { readonly kind: "quiet" | "mode" | "start" | "silent"; readonly atMs: number };

/** A mode is no reason to give an agent up. */
const modeAnswerMs = 20_000;

function nextDeadline(hold: AcpHold, openedAt: number, heardAt: number): Deadline {
  const { timing } = hold.settings;
  const inFlight = hold.promptInFlight() !== undefined;
  if (needsQuiet(hold.state, inFlight)) return { kind: "quiet", atMs: heardAt + timing.drainMs };
  if (hold.state.phase === "setting-mode") return { kind: "mode", atMs: heardAt + modeAnswerMs };
  if (hold.state.phase !== "ready") return { kind: "start", atMs: openedAt + timing.startMs };
  // With nothing to wait for this is only a look around, which does nothing.
  return { kind: "silent", atMs: heardAt + timing.silentMs };
}

async function* tellLate(hold: AcpHold, kind: Deadline["kind"]): AsyncGenerator<AgentNews> {
  if (kind === "quiet") {
    yield* tellAll(hold, takeQuiet);
    return;
  }
  if (kind === "mode") {
    yield* tellAll(hold, (state) => giveUpMode(state)[0]);
    return;
  }
  const { timing } = hold.settings;
  if (kind === "start") {
    const sentence = `The agent did not get ready within ${Math.round(timing.startMs / 1000)} s.`;
    yield* tellAll(hold, (state) => tellOnce(state, "no-answer", sentence, true)[0]);
    return;
  }
  if (hold.promptInFlight() === undefined || hold.waitsForPerson()) return;
  const sentence = `The agent has been silent for ${Math.round(timing.silentMs / 60_000)} min.`;
  yield* tellAll(hold, (state) => tellOnce(state, "silent", sentence)[0]);
}

async function* tellExit(hold: AcpHold): AsyncGenerator<AgentNews> {
  const exit = await hold.process.exited();
  const lastLines = await readLastErrors(hold.process);
  yield* tellAll(hold, (state) => takeExit(state, exit, lastLines));
}

/** Tells what `take` finds until it finds nothing; each happening has a state of its own. */
async function* tellAll(
  hold: AcpHold,
  take: (state: AcpSaved) => AgentHappening | undefined,
): AsyncGenerator<AgentNews> {
  for (;;) {
    const after = structuredClone(hold.state);
    const happening = take(after);
    hold.state = after;
    if (!after.exited) await hold.write(after, []);
    if (!happening) return;
    yield await newsOf(happening, after);
  }
}

async function newsOf(happening: AgentHappening, state: AcpSaved): Promise<AgentNews> {
  const saved = structuredClone(state);
  if (happening.kind !== "tool" || happening.tool.output === undefined) return { happening, saved };
  const output = await renderExcerpt(happening.tool.output);
  return { happening: { kind: "tool", tool: { ...happening.tool, output } }, saved };
}
