import type { Invitation } from "../protocol/sign-in.ts";
import type { Identity } from "./invocation.ts";

/**
 * The link of whoever called the command: root here, and so an administrator there. Where git has
 * no name for them only the account's is known, and the page asks for their own.
 */
export function ownInvitation({ caller, person }: Identity): Invitation {
  const { name, ...nameless } = person;
  return { person: name === caller.name ? nameless : person, role: "admin" };
}
