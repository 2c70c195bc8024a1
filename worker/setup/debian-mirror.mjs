import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { SetupError } from "./say.mjs";

const KEYRINGS = ["debian-archive-keyring.pgp", "debian-archive-keyring.gpg"].map(
  (name) => `/usr/share/keyrings/${name}`,
);

/** Finds the mirrors named by one sources file, in the one-line or the deb822 form. */
export function parseSources(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const oneLine = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s/.exec(line);
    if (oneLine) found.push(oneLine[1]);
    const deb822 = /^URIs:\s*(.+)$/i.exec(line);
    if (deb822) found.push(...deb822[1].trim().split(/\s+/));
  }
  return found;
}

/** Picks the mirror of Debian's main archive: never the security one or another vendor's. */
export function pickMirror(uris) {
  const usable = uris
    .filter((uri) => /^(https?|mirror\+https?|file):/.test(uri))
    .map((uri) => uri.replace(/\/+$/, ""));
  return usable.find((uri) => uri.endsWith("/debian")) ?? "http://deb.debian.org/debian";
}

/** The mirror that the host's own apt sources name. */
export function readHostMirror() {
  const files = ["/etc/apt/sources.list"];
  const folder = "/etc/apt/sources.list.d";
  if (existsSync(folder)) {
    files.push(
      ...readdirSync(folder)
        .filter((n) => /\.(list|sources)$/.test(n))
        .sort()
        .map((n) => join(folder, n)),
    );
  }
  return pickMirror(
    files.filter(existsSync).flatMap((file) => parseSources(readFileSync(file, "utf8"))),
  );
}

/**
 * Writes an apt configuration of its own below `folder`: Debian unstable from the host's mirror,
 * an empty package status (so that the whole closure is computed), the host's own Acquire
 * settings (proxy, certificates, validity). Returns the environment that makes apt use it.
 */
export async function writePrivateApt(folder) {
  const keyring = KEYRINGS.find(existsSync);
  if (!keyring) {
    throw new SetupError(
      "Debian's archive keys are missing; run: apt-get install debian-archive-keyring",
    );
  }
  for (const name of ["state", "lists/partial", "cache/archives/partial", "debs"]) {
    mkdirSync(join(folder, name), { recursive: true, mode: 0o755 });
  }
  writeFileSync(
    join(folder, "sources.list"),
    `deb [signed-by=${keyring}] ${readHostMirror()} sid main\n`,
  );
  writeFileSync(join(folder, "status"), "");
  const acquire = (await run(["apt-config", "dump", "Acquire"])).stdout;
  const settings = {
    "Dir::Etc::SourceList": join(folder, "sources.list"),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::Etc::Preferences": "/dev/null",
    "Dir::Etc::PreferencesParts": "/dev/null",
    "Dir::State": join(folder, "state"),
    "Dir::State::Lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    "APT::Sandbox::User": "root",
    "APT::Default-Release": "",
    "Acquire::Retries": "3",
    "Acquire::Languages": "none",
  };
  const own = Object.entries(settings).map(([key, value]) => `${key} "${value}";\n`);
  writeFileSync(join(folder, "apt.conf"), acquire + own.join(""));
  return { APT_CONFIG: join(folder, "apt.conf") };
}
