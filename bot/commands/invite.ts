import { Refusal } from "../../worker/protocol/refusal.ts";
import { memberNamed } from "../../worker/protocol/sign-in.ts";
import { sentence } from "../replies/sentence.ts";
import { code, plain } from "../replies/wording.ts";
import type { Answer, CommandContext } from "./context.ts";

/** `invite <name>`: a one-time link for a member, told to the admin alone. */
export async function invite(context: CommandContext): Promise<Answer> {
  if (!context.isAdmin) throw new Refusal("Only admins may invite people.");
  if (context.invite === undefined) {
    throw new Refusal("People of this platform need no link: they are here already.");
  }
  const member = memberNamed(context.rest);
  if (member === undefined) throw new Refusal("Say whom: `/colony invite Grace Hopper`.");
  const link = await context.invite(member);
  const words = [
    `For ${plain(member.name)}, on this machine, once, within 15 minutes: ${code(link)}`,
    "It lets them run tasks and decide on their own. The same name again is the same person.",
  ];
  return { to: "asker", draft: sentence(words.join("\n\n")) };
}
