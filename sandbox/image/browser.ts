import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Debian's names of Chromium, the lighter first. */
const names = ["chromium-headless-shell", "chromium"] as const;

/** Chromium of this host and so of the image, by the name that works inside; undefined: none. */
export function insideBrowser(): string | undefined {
  const name = names.find((one) => existsSync(`/usr/bin/${one}`));
  return name === undefined ? undefined : `/usr/local/bin/${name}`;
}

/**
 * Chromium's own sandbox needs namespaces, which ours does not give away, and it refuses root
 * without this word: first on PATH is one that says it.
 */
export async function putBrowsers(target: string): Promise<void> {
  for (const name of names) {
    if (!existsSync(join(target, "usr/bin", name))) continue;
    const wrapper = join(target, "usr/local/bin", name);
    await mkdir(join(target, "usr/local/bin"), { recursive: true });
    // Never into the host's own file.
    await rm(wrapper, { force: true });
    await writeFile(wrapper, `#!/bin/sh\nexec /usr/bin/${name} --no-sandbox "$@"\n`, {
      mode: 0o755,
    });
  }
}
