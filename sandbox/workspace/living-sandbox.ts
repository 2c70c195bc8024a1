import { endSandbox, isLeftOver } from "../ending.ts";
import { sandboxPaths } from "../keeper-paths.ts";
import { findKeeper } from "../open.ts";
import { openedSandbox } from "../opened-sandbox.ts";
import { isOpening } from "../opening.ts";
import type { Sandbox } from "../sandbox.ts";
import type { StateFolder } from "../state-folder.ts";
import { WorkspaceError } from "./errors.ts";

/** The sandbox through which a task's files are seen, if one is alive. */
export interface LivingSandbox extends AsyncDisposable {
  readonly sandbox: Sandbox | undefined;
}

/**
 * A task's files must never be mounted twice: the sandbox that lives is used, whether the caller
 * knew of it or not, and what is left of one whose keeper died is ended first.
 */
export async function livingSandbox(
  folder: StateFolder,
  taskId: string,
  given: Sandbox | undefined,
): Promise<LivingSandbox> {
  if (given !== undefined) return { sandbox: given, async [Symbol.asyncDispose]() {} };
  const kept = await findKeeper(folder, taskId);
  if (kept !== undefined) {
    const sandbox = openedSandbox(folder, taskId, kept);
    return { sandbox, [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose]() };
  }
  if (isOpening(sandboxPaths(folder, taskId))) {
    throw new WorkspaceError(taskId, `The sandbox of ${taskId} is just being opened.`);
  }
  if (isLeftOver(folder, taskId)) await endSandbox(folder, taskId);
  return { sandbox: undefined, async [Symbol.asyncDispose]() {} };
}
