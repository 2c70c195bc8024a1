import { access, constants, mkdir } from "node:fs/promises";
import { CliError, exitCodes } from "./exit-codes.ts";

/** Throws a sentence where the state folder cannot be made or written. */
export async function requireWritable(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o755 });
    await access(home, constants.W_OK);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    throw new CliError(
      exitCodes.host,
      `The state folder ${home} cannot be written${code}; choose another with --home.`,
      { cause },
    );
  }
}
