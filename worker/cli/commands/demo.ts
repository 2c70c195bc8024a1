import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { CliError, exitCodes } from "../exit-codes.ts";
import { openInterrupts } from "../interrupts.ts";
import { type Cli, openInvocation } from "../invocation.ts";
import { chooseFreePort } from "../ports.ts";
import { cleanLine } from "../show/clean-text.ts";
import { decidePort } from "./up.ts";

interface DemoOptions {
  readonly once?: boolean;
  readonly out?: string;
  readonly port?: string;
  readonly home?: string;
}

const demoHome = "/var/lib/colony-demo";

export function addDemoCommand(program: Command, cli: Cli): void {
  const command = program
    .command("demo")
    .description("two scripted agents change one page; watch, press the buttons, try your own")
    .option("--once", "play the story without a person, write it down, stop")
    .option("--out <folder>", "where --once puts pictures, transcript and receipt")
    .option("--port <port>", "of the chat page")
    .action(async () => {
      process.exitCode = await demo(cli, command);
    });
}

async function demo(cli: Cli, command: Command): Promise<number> {
  const options = command.optsWithGlobals<DemoOptions>();
  const { config, voice } = openInvocation(cli, command);
  const once = options.once === true;
  await using stack = new AsyncDisposableStack();
  using interrupts = openInterrupts(() => voice.note("Ending in order …"));
  let told = false;
  let home = options.home === undefined ? demoHome : resolve(cli.cwd, options.home);
  if (once && options.home === undefined) {
    home = await mkdtemp(`${demoHome}-`);
    stack.defer(() => (told ? rm(home, { recursive: true, force: true }) : undefined));
  }
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const inherited = Object.entries(cli.environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  // It brings a browser's driver, which no other command should wait for.
  const { runDemo } = await import("../../demo/demo.ts");
  try {
    await runDemo({
      home,
      once,
      port: await chooseFreePort(decidePort(options, {}, cli)),
      previewPort: await chooseFreePort(config.previewPort),
      out: resolve(cli.cwd, options.out ?? `demo-${stamp}`),
      environment: { ...Object.fromEntries(inherited), COLONY_SHARED: config.folder.shared },
      say: (line) => voice.say(line),
      signal: interrupts.signal,
    });
    told = true;
    return exitCodes.ok;
  } catch (cause) {
    if (once) voice.note(`What happened is in ${join(home, "worker.log")} and bot.log beside it.`);
    const sentence = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      interrupts.signal.aborted ? exitCodes.interrupted : exitCodes.refused,
      `The story did not come true: ${cleanLine(sentence, 1_000)}`,
      { cause },
    );
  }
}
