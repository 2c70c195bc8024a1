import { chown, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import puppeteer, { type Browser } from "puppeteer";
import { settledWithin } from "./deadline.ts";
import { CaptureError } from "./protocol.ts";

const LAUNCH_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 3_000;

/** A browser with its profile folder. */
export interface LaunchedChromium {
  readonly browser: Browser;
  readonly profile: string;
}

/** Starts Chromium over a pipe, with its own sandbox; `user` is for a caller that is root. */
export async function launchChromium(options: {
  readonly program: string;
  /** Gets the profile folder and the temporary files. */
  readonly folder: string;
  readonly flags: readonly string[];
  readonly user?: { readonly uid: number; readonly gid: number };
}): Promise<LaunchedChromium> {
  const { program, folder, flags, user } = options;
  const profile = await mkdtemp(join(folder, "profile-"));
  if (user) await chown(profile, user.uid, user.gid);
  const args = await puppeteer.defaultArgs({
    headless: "shell",
    userDataDir: profile,
    args: [...flags],
  });
  const drop = user
    ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--no-new-privs", "--"]
    : [];
  try {
    const browser = await puppeteer.launch({
      executablePath: user ? "/usr/bin/setpriv" : program,
      ignoreDefaultArgs: true,
      args: user ? [...drop, program, ...args] : args,
      pipe: true,
      env: { HOME: profile, TMPDIR: profile, LANG: "C.UTF-8", TZ: "UTC", PATH: "/usr/bin:/bin" },
      timeout: LAUNCH_TIMEOUT_MS,
      protocolTimeout: 300_000,
      handleSIGHUP: false,
      handleSIGINT: false,
      handleSIGTERM: false,
    });
    return { browser, profile };
  } catch (error) {
    await rm(profile, { recursive: true, force: true });
    throw new CaptureError("browser-died", "The browser does not start.", { cause: error });
  }
}

/** Ends the browser, the hard way if it does not go, and removes its profile. */
export async function closeChromium({ browser, profile }: LaunchedChromium): Promise<void> {
  const child = browser.process();
  if (!(await settledWithin(browser.close(), CLOSE_TIMEOUT_MS))) child?.kill("SIGKILL");
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
