import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { StateFolder } from "../../sandbox/state-folder.ts";

const configSchema = z.looseObject({
  process: z.looseObject({ args: z.array(z.string()) }),
  linux: z.looseObject({ cgroupsPath: z.string() }),
});

/** Prints nanoseconds since 1970: the first instruction of whoever is measured. */
export const printTime = ["date", "+%s%N"] as const;

/**
 * Milliseconds from the call of `crun run` to the program's first instruction, on the bundle of a
 * living sandbox and in its keeper's mount namespace: nothing of ours takes part.
 */
export async function bareRunMs(folder: StateFolder, sandboxId: string): Promise<number> {
  const own = join(folder.sandboxes, sandboxId);
  const keeper = z
    .object({ keeperPid: z.number() })
    .parse(JSON.parse(await readFile(join(own, "keeper.json"), "utf8")));
  const work = await mkdtemp(join(tmpdir(), "colony-bare-"));
  try {
    await cp(join(own, "bundle"), join(work, "bundle"), { recursive: true });
    const path = join(work, "bundle", "config.json");
    const config = configSchema.parse(JSON.parse(await readFile(path, "utf8")));
    config.process.args = [...printTime];
    config.linux.cgroupsPath += "-bare";
    await writeFile(path, JSON.stringify(config));
    const crun = [join(folder.toolsBin, "crun"), "--root", join(work, "state")];
    const run = [...crun, "run", "--bundle", join(work, "bundle"), `${sandboxId}-bare`];
    const script = `${printTime.join(" ")}; exec "$@"`;
    const enter = [`--mount=/proc/${keeper.keeperPid}/ns/mnt`, "sh", "-c", script, "sh"];
    const { stdout } = await promisify(execFile)("nsenter", [...enter, ...run], {
      timeout: 30_000,
    });
    const [startedNs, firstNs] = stdout.trim().split(/\s+/).map(Number);
    return (Number(firstNs) - Number(startedNs)) / 1e6;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
