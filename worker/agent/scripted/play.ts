import { connect } from "node:net";
import { extname } from "node:path";
import { editFile, removeFile, replaceIn, settleFiles } from "./files.ts";
import type { Directive } from "./language.ts";
import type { Report } from "./report.ts";
import { runShell, startServer } from "./shell.ts";

/** Where a script is played. */
export interface Stage {
  readonly report: Report;
  readonly cwd: string;
  readonly mode: "ask" | "bypass";
  readonly signal: AbortSignal;
  /** Writes bytes to the client past the protocol; for tests of what an odd agent does. */
  readonly writeRaw: (text: string) => Promise<void>;
}

/** How a turn of the scripted agent ends. */
export type Ending =
  | { readonly kind: "done" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly text: string };

/** Plays the directives in order until one fails, is rejected, or the turn is cancelled. */
export async function playScript(script: readonly Directive[], stage: Stage): Promise<Ending> {
  let plan: readonly string[] = [];
  let current = 0;
  for (const directive of script) {
    if (stage.signal.aborted) return { kind: "cancelled" };
    if (directive.kind === "plan") {
      plan = directive.entries;
      current = 0;
      await stage.report.plan(plan, current);
      continue;
    }
    const ending = await playOne(directive, stage);
    if (ending) return ending;
    if (isWork(directive) && current < plan.length) {
      // The last entry stays in progress until the script's end.
      current = Math.min(current + 1, plan.length - 1);
      await stage.report.plan(plan, current);
    }
  }
  if (stage.signal.aborted) return { kind: "cancelled" };
  if (plan.length > 0) await stage.report.plan(plan, plan.length);
  return { kind: "done" };
}

function isWork(directive: Directive): boolean {
  return !["say", "sleep", "plan", "print", "raw"].includes(directive.kind);
}

/** Answers an ending when the script must not go on. */
async function playOne(directive: Directive, stage: Stage): Promise<Ending | undefined> {
  const { report, cwd } = stage;
  switch (directive.kind) {
    case "write":
      return editing(() => editFile(report, cwd, directive.path, () => directive.text));
    case "append":
      return editing(() => editFile(report, cwd, directive.path, (text) => text + directive.text));
    case "replace": {
      const { path, from, to } = directive;
      return editing(() => editFile(report, cwd, path, (text) => replaceIn(path, text, from, to)));
    }
    case "remove":
      return editing(() => removeFile(report, cwd, directive.path));
    case "run":
      return run(directive.command, stage);
    case "start":
      return serve(["sh", "-c", directive.command], directive.command, directive.port, stage);
    case "serve": {
      const server = `${import.meta.dirname}/serve-main${extname(import.meta.filename)}`;
      const argv = [process.execPath, server, String(directive.port)];
      return serve(argv, `serve ${directive.port}`, directive.port, stage);
    }
    case "ask":
      return ask(directive.title, stage);
    case "say":
      await report.say(directive.text);
      return undefined;
    case "sleep":
      await sleep(directive.seconds * 1_000, stage.signal);
      return undefined;
    case "hang":
      // As an agent does that listens to nobody any more: not even to a cancel.
      await new Promise(() => {});
      return undefined;
    case "settle": {
      const settled = await settleFiles(report, cwd);
      const what =
        settled.length === 0
          ? "There is no conflict to settle."
          : `Settled ${settled.join(", ")} by keeping both sides.`;
      await report.say(what);
      return undefined;
    }
    case "print":
      await stage.writeRaw("x".repeat(directive.bytes));
      return undefined;
    case "raw":
      await stage.writeRaw(`${directive.text}\n`);
      return undefined;
    case "fail":
      return { kind: "failed", text: directive.text };
    case "exit":
      process.stderr.write(`The script says to exit with ${directive.code}.\n`);
      process.exit(directive.code);
      return undefined;
    case "plan":
      return undefined;
  }
}

async function editing(act: () => Promise<void>): Promise<Ending | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return { kind: "failed", text: error instanceof Error ? error.message : String(error) };
  }
}

async function run(command: string, stage: Stage): Promise<Ending | undefined> {
  const tool = await stage.report.beginTool(command, "execute", { command });
  let shownMs = 0;
  const result = await runShell(command, {
    cwd: stage.cwd,
    signal: stage.signal,
    onOutput: (whole) => {
      if (Date.now() - shownMs < 500) return;
      shownMs = Date.now();
      void stage.report.showOutput(tool, whole);
    },
  });
  await stage.report.endTool(tool, {
    failed: result.exitCode !== 0,
    exitCode: result.exitCode,
    content: [{ type: "content", content: { type: "text", text: result.output } }],
  });
  if (stage.signal.aborted) return { kind: "cancelled" };
  if (result.exitCode === 0) return undefined;
  return { kind: "failed", text: `\`${command}\` ended with exit code ${result.exitCode}.` };
}

async function serve(
  argv: readonly string[],
  command: string,
  port: number,
  stage: Stage,
): Promise<Ending | undefined> {
  const tool = await stage.report.beginTool(command, "execute", { command });
  // After a follow-up the server of the turn before still runs.
  const already = await isListening(port);
  if (!already) startServer(argv, stage.cwd, port);
  for (let tries = 0; tries < 100 && !(await isListening(port)); tries++) {
    await sleep(100, stage.signal);
    if (stage.signal.aborted) return { kind: "cancelled" };
  }
  const listens = await isListening(port);
  const text = listens
    ? `${already ? "Already listening" : "Listening"} on 127.0.0.1:${port}`
    : `Nothing listens on port ${port} after 10 s.`;
  await stage.report.endTool(tool, {
    failed: !listens,
    content: [{ type: "content", content: { type: "text", text } }],
  });
  return listens ? undefined : { kind: "failed", text };
}

async function ask(title: string, stage: Stage): Promise<Ending | undefined> {
  if (stage.mode === "bypass") return undefined;
  const chosen = await stage.report.ask(title);
  if (chosen === undefined) return { kind: "cancelled" };
  if (chosen === "allow_once" || chosen === "allow_always") return undefined;
  await stage.report.say(`You rejected "${title}", so I stop here; what I did before stays.`);
  return { kind: "done" };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
