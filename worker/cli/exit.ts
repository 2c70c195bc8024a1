import { CommanderError } from "commander";
import { Refusal } from "../protocol/refusal.ts";
import { UnknownTaskError } from "../protocol/transition.ts";
import { CliError, exitCodes } from "./exit-codes.ts";

/** What an error that reached the top ends the command with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  // Help and version are asked for; everything else that the parser throws is a wrong word.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof Refusal || error instanceof UnknownTaskError) return exitCodes.refused;
  return exitCodes.host;
}

/** The sentence for a person; errors made for people carry one, of others their name is told. */
export function sentenceOf(error: unknown, withStack: boolean): string {
  // The parser has said it already.
  if (error instanceof CommanderError) return "";
  if (!(error instanceof Error)) return `colony: ${String(error)}`;
  if (withStack) return `colony: ${error.stack ?? error.message}`;
  const wasMeant =
    error instanceof CliError ||
    error instanceof Refusal ||
    error instanceof UnknownTaskError ||
    "kind" in error ||
    error.name === "EmbeddedRedisError";
  if (wasMeant) return `colony: ${error.message}`;
  return `colony: unexpected: ${error.message} (COLONY_DEBUG=1 shows where)`;
}
