import type { Command } from "commander";
import { mintSignIn } from "../../protocol/sign-in.ts";
import { readAdminSettings } from "../../settings/admin-settings.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import {
  type Cli,
  type Invocation,
  openInvocation,
  readIdentity,
  withSession,
} from "../invocation.ts";
import { answersOn } from "../ports.ts";
import { decidePort } from "./up.ts";

export function addSignInCommand(program: Command, cli: Cli): void {
  const command = program
    .command("sign-in")
    .description("a new one-time link to the chat page")
    .option("--port <port>", "of the chat page")
    .option("--json", "one JSON object on stdout")
    .action(async () => {
      process.exitCode = await signIn(openInvocation(cli, command), command.opts());
    });
}

async function signIn(
  invocation: Invocation,
  options: { readonly port?: string },
): Promise<number> {
  const { config, cli, voice } = invocation;
  const port = decidePort(options, await readAdminSettings(config.configFile), cli);
  if (!(await answersOn(port))) {
    throw new CliError(
      exitCodes.host,
      `No chat page answers on port ${port}; \`colony up\` starts it.`,
    );
  }
  const { person } = await readIdentity(invocation);
  return withSession(invocation, false, async ({ client }) => {
    const token = await mintSignIn(client.redis, person);
    const url = `http://127.0.0.1:${port}/sign-in?token=${token}`;
    voice.object({ type: "sign-in", url });
    if (!voice.json) voice.say(url);
    return exitCodes.ok;
  });
}
