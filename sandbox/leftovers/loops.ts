import { readdirSync, readFileSync } from "node:fs";
import { runCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import type { StateFolder } from "../state-folder.ts";
import type { FoundLeftover } from "./leftover.ts";

/** Loop devices over files of ours: we keep none, so they are of a version that did, or by hand. */
export function findLoops(folder: StateFolder): FoundLeftover[] {
  let devices: string[] = [];
  try {
    devices = readdirSync("/sys/block").filter((name) => name.startsWith("loop"));
  } catch {
    return [];
  }
  return devices.flatMap((name) => {
    const backing = backingOf(name);
    if (!backing.startsWith(`${folder.sandboxes}/`)) return [];
    const device = `/dev/${name}`;
    return {
      kind: "loop" as const,
      name: device,
      why: `it is over ${backing}`,
      async remove() {
        await runCommand({
          argv: ["losetup", "--detach", device],
          env: systemEnvironment,
          timeoutMs: 10_000,
          maxOutputBytes: 1_000,
        });
        return { bytes: 0 };
      },
    };
  });
}

function backingOf(name: string): string {
  try {
    return readFileSync(`/sys/block/${name}/loop/backing_file`, "utf8").trim();
  } catch {
    return "";
  }
}
