import { Refusal } from "../../worker/protocol/refusal.ts";
import type { Repository } from "../../worker/protocol/task.ts";
import type { Caller } from "../config.ts";
import { sentence } from "../replies/sentence.ts";
import { code } from "../replies/wording.ts";
import type { Answer, CommandContext } from "./context.ts";

/** `use <name, path or URL>`: binds the channel to a repository. */
export async function use(context: CommandContext): Promise<Answer> {
  const { client, channel, rest, options, caller } = context;
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
  const repository = known ?? (await named(context, parseRepository(wanted, caller)));
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

/** Takes an absolute path, or an https, ssh or file URL; anything else is refused with a sentence. */
export function parseRepository(text: string, caller: Caller): Repository {
  const url = text.trim();
  const isPath = url.startsWith("/");
  const isUrl = /^(https?|ssh|git|file):\/\/\S+$/.test(url);
  const isScp = /^[\w.-]+@[\w.-]+:\S+$/.test(url);
  if (!isPath && !isUrl && !isScp) {
    throw new Refusal(
      `${code(url)} is no repository that is known here. Give an absolute path (\`/home/ada/shop\`) or a URL (\`https://…\`, \`ssh://…\`, \`git@host:path\`).`,
    );
  }
  const { pathname } = isUrl ? new URL(url) : { pathname: url };
  const last =
    pathname
      .split(/[/:]/)
      .filter((part) => part !== "" && part !== ".git")
      .at(-1) ?? "";
  const name = last
    .replace(/\.git$/, "")
    .replace(/[^\w.-]+/g, "-")
    .slice(0, 80);
  return {
    name: name === "" ? "repository" : name,
    url,
    caller: { uid: caller.uid, gid: caller.gid, home: caller.home, env: {} },
  };
}

function answer(markdown: string): Answer {
  return { to: "asker", draft: sentence(markdown) };
}
