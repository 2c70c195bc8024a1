import type { Change } from "../../protocol/change.ts";
import type { TaskEvent } from "../../protocol/events.ts";
import { cleanLine, cleanText } from "./clean-text.ts";
import { renderBytes, renderDuration } from "./durations.ts";
import type { Voice } from "./voice.ts";

/** What a person reads of one event: no line, one or several. Pure but for the colours. */
export function renderEvent(event: TaskEvent, taskId: string, tint: Voice["tint"]): string[] {
  const dim = (text: string) => tint("dim", text);
  switch (event.type) {
    case "task.created":
      return [];
    case "task.queued":
      return event.reason === "lost"
        ? [dim("The worker was lost; the run goes on elsewhere.")]
        : [];
    case "run.started":
      return [
        `${tint("bold", taskId)} runs on ${cleanLine(event.host)}${event.run > 1 ? `, attempt ${event.run}` : ""}`,
      ];
    case "run.adopted":
      return [dim("Another driver has taken over; the agent was not disturbed.")];
    case "run.based":
      return [dim(`on ${cleanLine(event.branch)} at ${event.commit.slice(0, 12)}`)];
    case "phase.started":
      return [dim(phaseSentence(event.phase))];
    case "remark":
      return [tint("yellow", `! ${cleanLine(event.sentence, 500)}`)];
    case "agent.started":
      return [dim(`agent: ${cleanLine(event.name)}`)];
    case "agent.said":
      return cleanText(event.text).trim() === "" ? [] : ["", ...textLines(event.text)];
    case "agent.plan":
      return event.entries.map((entry) => `  ${planMarks[entry.status]} ${cleanLine(entry.title)}`);
    case "agent.tool":
      return toolLines(event, tint);
    case "prompt.received":
      return [`${tint("blue", "›")} ${cleanLine(event.by.name)}: ${cleanLine(event.text)}`];
    case "egress.refused": {
      const { host, ports, command, sentence } = event.refusal;
      const by = command === undefined ? "" : ` (asked by ${cleanLine(command, 120)})`;
      const head = `! refused ${cleanLine(host)} port ${ports.join(", ")}${by}: ${cleanLine(sentence, 300)}`;
      return [tint("yellow", head), dim(`  colony net ${taskId} shows it and can allow it`)];
    }
    case "egress.decided": {
      const { host, verdict, by } = event.decision;
      const what = verdict === "allow" ? "allows" : "keeps blocked:";
      return [`${tint("blue", "›")} ${cleanLine(by.name)} ${what} ${cleanLine(host)}`];
    }
    case "prompt.sent":
    case "permission.expired":
    case "egress.summary":
    // Told by the passing line while the agent works, and by the result.
    case "files.changed":
      return [];
    case "task.discarded":
      return [`Discarded by ${cleanLine(event.by.name)}.`];
    case "permission.asked":
      return [
        tint("yellow", `? ${cleanLine(event.request.title, 500)}`),
        ...textLines(event.request.detail ?? ""),
      ];
    case "permission.decided":
      return [`${tint("blue", "›")} ${cleanLine(event.option)}, says ${cleanLine(event.by.name)}`];
    case "preview.changed":
      return event.ports.map((page) =>
        dim(`answers on port ${page.port}: ${cleanLine(page.title)} (colony preview ${taskId})`),
      );
    case "screenshot.taken":
      return [
        ...event.consoleErrors.map((text) => tint("yellow", `  console: ${cleanLine(text)}`)),
        ...event.failedRequests.map((text) =>
          tint("yellow", `  failed request: ${cleanLine(text)}`),
        ),
      ];
    case "check.finished":
      return checkLines(event.result, tint);
    case "run.finished":
      return event.change === undefined
        ? ["The agent is done; it changed no file."]
        : changeLines(event.change, tint);
    case "run.failed":
      return [tint("red", `✗ ${cleanLine(event.sentence, 2_000)}`)];
    case "stop.asked":
      return [`${cleanLine(event.by.name)} asks to stop …`];
    case "run.stopped":
      return [
        `Stopped by ${cleanLine(event.by.name)}.`,
        ...(event.change === undefined ? [] : changeLines(event.change, tint)),
      ];
    case "merge.asked":
      return [`${cleanLine(event.by.name)} merges the change …`];
    case "merge.refused":
      return [
        tint("red", `✗ ${cleanLine(event.sentence, 2_000) || "It conflicts with its base:"}`),
        ...event.conflicts.map(
          (conflict) =>
            `  ${cleanLine(conflict.path)} ${cleanLine(conflict.lines)}${conflict.withTask === undefined ? "" : ` with ${cleanLine(conflict.withTitle ?? "")} (${conflict.withTask})`}`,
        ),
      ];
    case "task.landed":
      return [
        `${tint("green", "✔")} merged as ${event.commit.slice(0, 12)} on ${cleanLine(event.branch)}`,
      ];
    case "sandbox.ended":
      return [dim(receiptSentence(event))];
  }
}

/** How the steps of a plan are marked. */
export const planMarks = { pending: "·", in_progress: "▸", completed: "✔" } as const;

function phaseSentence(phase: string): string {
  const sentences: Record<string, string> = {
    prepare: "preparing the workspace",
    setup: "running the repository's setup",
    agent: "the agent works",
    check: "running the repository's check",
    settle: "saving the change",
  };
  return sentences[phase] ?? cleanLine(phase);
}

function toolLines(
  event: Extract<TaskEvent, { type: "agent.tool" }>,
  tint: Voice["tint"],
): string[] {
  const marks = { running: "▸", done: "✔", failed: tint("red", "✗") };
  const name = cleanLine(event.command ?? event.title, 160);
  const code = event.exitCode == null || event.exitCode === 0 ? "" : ` (exit ${event.exitCode})`;
  const head = `  ${marks[event.status]} ${event.command === undefined ? name : `$ ${name}`}${code}`;
  const excerpt = event.status === "running" ? [] : textLines(event.excerpt ?? "");
  return [head, ...excerpt.map((line) => tint("dim", `    ${line}`))];
}

function checkLines(
  result: Extract<TaskEvent, { type: "check.finished" }>["result"],
  tint: Voice["tint"],
): string[] {
  const good = result.exitCode === 0;
  const end = result.exitCode === null ? "its time was up" : `exit ${result.exitCode}`;
  const head = `${good ? tint("green", "✔ check passed") : tint("red", `✗ check failed (${end})`)}: ${cleanLine(result.command)} in ${renderDuration(result.elapsedMs)}`;
  return good ? [head] : [head, ...textLines(result.excerpt).map((line) => `    ${line}`)];
}

/** The diffstat, and what is wrong with the change. */
export function changeLines(change: Change, tint: Voice["tint"]): string[] {
  const files = change.files
    .slice(0, 30)
    .map(
      (file) =>
        `  ${cleanLine(file.path)}  ${tint("green", `+${file.added}`)} ${tint("red", `−${file.removed}`)}${file.status === "modified" ? "" : ` (${file.status})`}`,
    );
  const more = change.files.length - files.length;
  return [
    `${countFiles(change.files.length)} changed, ${tint("green", `+${change.added}`)} ${tint("red", `−${change.removed}`)}`,
    ...files,
    ...(more > 0 ? [`  … and ${more} more`] : []),
    ...change.conflicts.map((conflict) =>
      tint("red", `  conflict in ${cleanLine(conflict.path)} ${cleanLine(conflict.lines ?? "")}`),
    ),
    ...change.remarks.map((remark) => tint("yellow", `  ! ${cleanLine(remark, 500)}`)),
  ];
}

function receiptSentence(event: Extract<TaskEvent, { type: "sandbox.ended" }>): string {
  const why = { landed: "", discarded: "", idle: "", lost: " (its keeper was lost)" }[event.reason];
  const receipt = event.receipt;
  if (receipt === undefined) return `The sandbox has ended${why}.`;
  return `The sandbox has ended${why}: ${receipt.processes} processes, ${receipt.mounts} mounts, ${receipt.cgroups} cgroups left, ${renderBytes(receipt.bytesReturned)} returned in ${renderDuration(receipt.elapsedMs)}.`;
}

function countFiles(count: number): string {
  return `${count} ${count === 1 ? "file" : "files"}`;
}

function textLines(text: string): string[] {
  const clean = cleanText(text).trimEnd();
  return clean === "" ? [] : clean.split("\n");
}
