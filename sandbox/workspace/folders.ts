import { access, rename, rm } from "node:fs/promises";

/** Removes a folder so that a kill in between leaves no half of it under its name. */
export async function removeFolder(path: string): Promise<void> {
  const doomed = `${path}.doomed-${process.pid}-${Date.now()}`;
  try {
    await rename(path, doomed);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  await rm(doomed, { recursive: true, force: true, maxRetries: 3 });
}

/** Whether something is there, of whatever kind. */
export function folderExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
