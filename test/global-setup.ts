import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Tests started without `npm test` do the set-up here, and learn what it made. */
export default function prepareHost(): void {
  if (process.env.COLONY_RUNTIME !== undefined) return;
  const prepare = join(import.meta.dirname, "../worker/setup/prepare.mjs");
  const settings = execFileSync(process.execPath, [prepare], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  for (const [, name = "", value = ""] of settings.matchAll(/^(\w+)='(.*)'$/gm)) {
    process.env[name] = value;
  }
}
