import type { Command } from "commander";
import { type Invitation, memberNamed, mintSignIn } from "../../protocol/sign-in.ts";
import { readAdminSettings } from "../../settings/admin-settings.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import {
  type Cli,
  type Invocation,
  openInvocation,
  readIdentity,
  withSession,
} from "../invocation.ts";
import { ownInvitation } from "../own-invitation.ts";
import { answersOn } from "../ports.ts";
import { decidePort } from "./up.ts";

export function addSignInCommand(program: Command, cli: Cli): void {
  const command = program
    .command("sign-in")
    .description("a new one-time link to the chat page")
    .option("--member <name>", "for somebody who may run tasks and decide on their own only")
    .option("--port <port>", "of the chat page")
    .option("--json", "one JSON object on stdout")
    .action(async () => {
      process.exitCode = await signIn(openInvocation(cli, command), command.opts());
    });
}

async function signIn(
  invocation: Invocation,
  options: { readonly port?: string; readonly member?: string },
): Promise<number> {
  const { config, cli, voice } = invocation;
  const port = decidePort(options, await readAdminSettings(config.configFile), cli);
  if (!(await answersOn(port))) {
    throw new CliError(
      exitCodes.host,
      `No chat page answers on port ${port}; \`colony up\` starts it.`,
    );
  }
  const invitation = await decideInvitation(invocation, options.member);
  return withSession(invocation, false, async ({ client }) => {
    const token = await mintSignIn(client.redis, invitation);
    const url = `http://127.0.0.1:${port}/sign-in?token=${token}`;
    voice.object({ type: "sign-in", url });
    if (!voice.json) voice.say(url);
    return exitCodes.ok;
  });
}

async function decideInvitation(
  invocation: Invocation,
  member: string | undefined,
): Promise<Invitation> {
  if (member === undefined) return ownInvitation(await readIdentity(invocation));
  const person = memberNamed(member);
  if (person === undefined) throw new CliError(exitCodes.usage, "--member is empty.");
  return { person, role: "member" };
}
