import { Refusal } from "../../worker/protocol/refusal.ts";
import type { Repository } from "../../worker/protocol/task.ts";
import { code } from "../replies/wording.ts";
import { type Answer, type CommandContext, silent } from "./context.ts";
import { parseRepository } from "./repository-address.ts";

/** `run <request>`: a new task, in a thread of its own. */
export async function run(context: CommandContext): Promise<Answer> {
  const { client, options, rest } = context;
  if (rest === "") throw new Refusal("Say what is to be done: `/colony run fix the login bug`.");
  const repository = await repositoryFor(context);
  await client.createTask({
    request: rest,
    requester: context.person,
    repository: options.base === undefined ? repository : { ...repository, base: options.base },
    agent: options.agent ?? "default",
    thread: await context.newThread(),
    origin: context.origin,
  });
  return silent;
}

async function repositoryFor(context: CommandContext): Promise<Repository> {
  const { client, options } = context;
  if (options.repo !== undefined) {
    const known = await client.repository(options.repo);
    if (known !== undefined) return known;
    // It is fetched with the rights of whoever started Colony, who may read what members may not.
    if (!context.isAdmin) {
      throw new Refusal(
        `${code(options.repo)} is not known here, and only admins may name new repositories.`,
      );
    }
    return parseRepository(options.repo, context);
  }
  const bound = await client.repositoryOfChannel(context.channel);
  if (bound !== undefined) return bound;
  const all = await client.repositories();
  const known =
    all.length === 0
      ? ""
      : ` Known already: ${all.map((repository) => code(repository.name)).join(", ")}.`;
  throw new Refusal(
    `This channel has no repository yet. Bind one with \`/colony use <path or URL>\`, or name one in the request: \`[repo=…]\`.${known}`,
  );
}
