import { Refusal } from "../../worker/protocol/refusal.ts";
import type { Repository } from "../../worker/protocol/task.ts";
import { sentence } from "../replies/sentence.ts";
import { code } from "../replies/wording.ts";
import type { Answer, CommandContext } from "./context.ts";
import { parseRepository } from "./repository-address.ts";

/** `use <name, path or URL>`: binds the channel to a repository. */
export async function use(context: CommandContext): Promise<Answer> {
  const { client, channel, rest, options } = context;
  const wanted = rest || options.repo || "";
  if (wanted === "") {
    const bound = await client.repositoryOfChannel(channel);
    const now = bound === undefined ? "no repository yet" : code(bound.url);
    return answer(
      `This channel has ${now}. \`/colony use <path or URL>\` binds it to another one.`,
    );
  }
  if (!context.isAdmin) throw new Refusal("Only admins may bind a channel to a repository.");
  const known = await client.repository(wanted);
  const repository = known ?? (await named(context, parseRepository(wanted, context)));
  const based = options.base === undefined ? repository : { ...repository, base: options.base };
  await client.addRepository(based);
  await client.bindChannel(channel, based.name);
  const base = based.base === undefined ? "its default branch" : code(based.base);
  return answer(
    `This channel now works on ${code(based.name)} (${code(based.url)}, ${base}). Ask for something: \`/colony run …\``,
  );
}

/** The same address again is the same repository; another one of that name gets a name of its own. */
async function named(context: CommandContext, repository: Repository): Promise<Repository> {
  const all = await context.client.repositories();
  const same = all.find((other) => other.url === repository.url);
  if (same !== undefined) return same;
  let { name } = repository;
  for (let at = 2; all.some((other) => other.name === name); at++)
    name = `${repository.name}-${at}`;
  return { ...repository, name };
}

function answer(markdown: string): Answer {
  return { to: "asker", draft: sentence(markdown) };
}
