import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Capture,
  type CaptureRequest,
  DESKTOP,
  type ScreenshotsOptions,
  type ScreenshotsService,
  startScreenshots,
} from "../../screenshots/screenshots.ts";
import type { TestSite } from "./test-site.ts";

/** The real service on the real Chromium, as the supervisor starts it. */
export interface PicturesService extends ScreenshotsService {
  readonly folder: string;
  /** What the service wrote into its log. */
  readonly lines: string[];
  /** One desktop picture of a site, unless asked otherwise. */
  shoot(site: TestSite, request?: Partial<CaptureRequest>): Promise<Capture>;
}

export async function startPictures(
  more: Partial<ScreenshotsOptions> = {},
): Promise<PicturesService> {
  const codeRoot = process.env.COLONY_RUNTIME;
  if (!codeRoot) throw new Error("COLONY_RUNTIME is not set: the set-up of the tests did not run");
  const id = (flag: string) => Number(execFileSync("id", [flag, "colony"], { encoding: "utf8" }));
  const folder = join(await mkdtemp(join(tmpdir(), "colony-pictures-")), "service");
  execFileSync("chmod", ["0711", join(folder, "..")]);
  const lines: string[] = [];
  const service = await startScreenshots({
    folder,
    nodePath: join(codeRoot, "bin/node"),
    codeRoot,
    uid: id("-u"),
    gid: id("-g"),
    log: (line) => lines.push(line),
    ...more,
  });
  const end = service[Symbol.asyncDispose];
  // Not by spreading: the pid is read anew after each start.
  return Object.assign(service, {
    async [Symbol.asyncDispose]() {
      await end();
      await rm(join(folder, ".."), { recursive: true });
    },
    folder,
    lines,
    shoot: (site: TestSite, request: Partial<CaptureRequest> = {}) =>
      service.capture({
        dialerPath: site.dialerPath,
        port: 5173,
        path: "/",
        viewports: [DESKTOP],
        deadlineMs: 20_000,
        ...request,
      }),
  });
}

/** Host pids of the service's processes whose command line matches. */
export function processesOf(service: Pick<PicturesService, "pid">, pattern: RegExp): number[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" });
  const all = [...lines.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm)].map(([, pid, parent, args]) => ({
    pid: Number(pid),
    parent: Number(parent),
    args: args!,
  }));
  const family = new Set([service.pid]);
  for (let grown = true; grown; ) {
    const size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
    grown = family.size > size;
  }
  return all.filter(({ pid, args }) => family.has(pid) && pattern.test(args)).map(({ pid }) => pid);
}

/** The browser's first process: the one with the pipe, not its zygotes and renderers. */
export const BROWSER = /chromium-headless-shell (?!.*--type=)/;
