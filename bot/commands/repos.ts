import { sentence } from "../replies/sentence.ts";
import { code } from "../replies/wording.ts";
import type { Answer, CommandContext } from "./context.ts";

/** `repos`: what is known, and what this channel uses. */
export async function repos({ client, channel }: CommandContext): Promise<Answer> {
  const [all, bound] = await Promise.all([
    client.repositories(),
    client.repositoryOfChannel(channel),
  ]);
  if (all.length === 0) {
    const none = "No repository is known yet. `/colony use <path or URL>` adds one.";
    return { to: "asker", draft: sentence(none) };
  }
  const lines = all.map((repository) => {
    const here = repository.name === bound?.name ? ", used in this channel" : "";
    return `- ${code(repository.name)}: ${code(repository.url)}${here}`;
  });
  return { to: "asker", draft: sentence(lines.join("\n")) };
}
