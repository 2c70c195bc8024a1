import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { parseWorkerConfig, type WorkerConfig } from "../config.ts";
import { taskIdSchema } from "../protocol/ids.ts";
import type { Person } from "../protocol/task.ts";
import { type Caller, type Environment, readCaller, readPerson } from "./caller.ts";
import { CliError, exitCodes } from "./exit-codes.ts";
import { openSession, type Session } from "./session.ts";
import { type Outlet, openVoice, type Voice } from "./show/voice.ts";

/** What `main.ts` knows of the world and hands to every command. */
export interface Cli {
  readonly environment: Environment;
  /** Where the person stands. */
  readonly cwd: string;
  readonly stdout: Outlet;
  readonly stderr: Outlet;
  /** Questions can be asked: input and the place of questions are a terminal. */
  readonly isInteractive: boolean;
}

/** One call of one command. */
export interface Invocation {
  readonly cli: Cli;
  readonly config: WorkerConfig;
  readonly voice: Voice;
}

/** Options that every command knows. */
const globalSchema = z.object({ home: z.string().optional(), json: z.boolean().default(false) });

export function openInvocation(cli: Cli, command: Command): Invocation {
  const options = globalSchema.parse(command.optsWithGlobals());
  const home = options.home === undefined ? undefined : resolve(cli.cwd, options.home);
  return {
    cli,
    config: readConfig({
      ...cli.environment,
      ...(home === undefined ? {} : { COLONY_HOME: home }),
    }),
    voice: openVoice({
      json: options.json,
      stdout: cli.stdout,
      stderr: cli.stderr,
      noColour: (cli.environment.NO_COLOR ?? "") !== "" || cli.environment.TERM === "dumb",
    }),
  };
}

function readConfig(environment: Environment): WorkerConfig {
  try {
    return parseWorkerConfig(environment);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    throw new CliError(
      exitCodes.usage,
      `${issue?.path.join(".") ?? "A variable"} in the environment cannot be used: ${issue?.message}.`,
    );
  }
}

/** A task's id as typed, or a sentence. */
export function parseTaskId(text: string): string {
  const parsed = taskIdSchema.safeParse(text.trim().toLowerCase());
  if (parsed.success) return parsed.data;
  throw new CliError(
    exitCodes.usage,
    `${JSON.stringify(text.slice(0, 60))} is no task: ${parsed.error.issues[0]?.message}. \`colony ps\` lists the tasks.`,
  );
}

/** Who calls, as git and as chat know them. */
export interface Identity {
  readonly caller: Caller & { readonly name: string };
  readonly person: Person;
}

export async function readIdentity({ cli }: Invocation): Promise<Identity> {
  const caller = await readCaller(cli.environment);
  return { caller, person: await readPerson(caller) };
}

/** Opens a session for one deed and closes it. `needsWorker`: the deed makes work. */
export async function withSession<T>(
  { config, cli }: Invocation,
  needsWorker: boolean,
  deed: (session: Session) => Promise<T>,
): Promise<T> {
  await using session = await openSession({ config, environment: cli.environment, needsWorker });
  return await Promise.race([deed(session), session.failed]);
}

/** Id of the newest event, to tell only what comes after. */
export async function lastEventId(session: Session, taskId: string): Promise<string> {
  return (await session.client.events(taskId)).at(-1)?.id ?? "0";
}
