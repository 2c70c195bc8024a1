import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { run } from "./command.mjs";
import { writePrivateApt } from "./debian-mirror.mjs";
import { SetupError } from "./say.mjs";
import { UNUSED_PACKAGES } from "./tool-list.mjs";

/** Downloads the groups with all they need from Debian unstable and unpacks them below `root`. */
export async function fetchTools(groups, root, work) {
  const env = await writePrivateApt(work);
  const acting = "fetching newer tools from Debian unstable";
  await run(["apt-get", "update", "-q"], { env, acting });
  const wanted = groups.flatMap((group) => group.packages);
  const plan = await run(["apt-get", "install", "-s", "--no-install-recommends", ...wanted], {
    env,
    acting,
  });
  const names = [...plan.stdout.matchAll(/^Inst (\S+)/gm)]
    .map((m) => m[1])
    .filter((name) => !UNUSED_PACKAGES.test(name));
  const debs = join(work, "debs");
  await run(["apt-get", "download", "-q", ...names], { env, cwd: debs, acting });
  for (const deb of readdirSync(debs)) await run(["dpkg", "-x", join(debs, deb), root], { acting });
  // dpkg -x makes mount, umount and su setuid root, in a folder that nobody updates.
  await run(["chmod", "-R", "u-s,g-s,go-w", root]);
  return names;
}

/** Finds the folder of the host's architecture: usr/lib/x86_64-linux-gnu. */
export async function libraryFolder(root) {
  const triplet = readdirSync(join(root, "usr/lib")).find((name) =>
    existsSync(join(root, "usr/lib", name, "libc.so.6")),
  );
  if (!triplet)
    throw new SetupError("fetching newer tools: the C library is not where Debian puts it");
  return join("usr/lib", triplet);
}

function isElf(file) {
  const fd = openSync(file, "r");
  try {
    const head = Buffer.alloc(4);
    return readSync(fd, head, 0, 4, 0) === 4 && head.toString("latin1") === "\x7fELF";
  } finally {
    closeSync(fd);
  }
}

/** Regular ELF files directly in a folder, each inode once (git-core is full of hard links). */
function elfFiles(folder) {
  const seen = new Map();
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const stat = lstatSync(file);
    if (stat.isFile() && isElf(file)) seen.set(stat.ino, file);
  }
  return [...seen.values()];
}

const GLIBC =
  /^(ld-linux|ld64|libc\.so|libm\.so|libmvec|libpthread|librt|libdl|libanl|libutil|libresolv|libnss_|libnsl|libBrokenLocale|libc_malloc|libmemusage|libpcprofile|libthread_db)/;

/** Makes the programs of `root` use the loader and libraries of `root`, by absolute path. */
export async function patchTools(root, programs) {
  const libraries = join(root, await libraryFolder(root));
  const loader = readdirSync(libraries).find((name) => /^ld-linux.*\.so\.\d$/.test(name));
  if (!loader) throw new SetupError("fetching newer tools: no dynamic loader among them");
  symlinkSync(join(libraries, loader), join(root, "ld.so"));
  const rpath = ["--force-rpath", "--set-rpath", libraries];
  const core = join(root, "usr/lib/git-core");
  const executables = [
    ...programs.map((name) => programFile(root, name)),
    ...(existsSync(core) ? elfFiles(core) : []),
  ];
  const targets = new Set(executables.filter((file) => lstatSync(file).isFile() && isElf(file)));
  for (const file of targets) {
    await run(["patchelf", "--set-interpreter", join(root, "ld.so"), ...rpath, file], {
      acting: "patching the tools",
    });
  }
  for (const file of elfFiles(libraries).filter((f) => !GLIBC.test(basename(f)))) {
    await run(["patchelf", ...rpath, file], { acting: "patching the tools" });
  }
}

/** Where the package put a program. */
export function programFile(root, name) {
  const found = ["usr/bin", "usr/sbin", "bin", "sbin"]
    .map((f) => join(root, f, name))
    .find(existsSync);
  if (!found) throw new SetupError(`fetching newer tools: ${name} is not in its package`);
  return found;
}

/** Fills `bin` with the wanted names only: others of the tree are unpatched and would not start. */
export function linkPrograms(root, bin, programs) {
  mkdirSync(bin, { recursive: true, mode: 0o755 });
  for (const name of programs) {
    const file = programFile(root, name);
    if (name !== "git") symlinkSync(file, join(bin, name));
    else {
      // git looks for its parts where it was compiled to be.
      const lines = [
        "#!/bin/sh",
        `export GIT_EXEC_PATH=${root}/usr/lib/git-core GIT_TEMPLATE_DIR=${root}/usr/share/git-core/templates`,
        `exec ${file} "$@"`,
      ];
      writeFileSync(join(bin, name), `${lines.join("\n")}\n`);
      chmodSync(join(bin, name), 0o755);
    }
  }
}

/** Drops what no program of ours opens: manuals, translations, completions. */
export function dropDocumentation(root) {
  for (const name of [
    "doc",
    "man",
    "locale",
    "bash-completion",
    "lintian",
    "zsh",
    "fish",
    "info",
    "perl5",
  ]) {
    rmSync(join(root, "usr/share", name), { recursive: true, force: true });
  }
  rmSync(join(root, "etc"), { recursive: true, force: true });
  rmSync(join(root, "var"), { recursive: true, force: true });
}

/** Points `link` at `target` in one step: readers see the old or the new, never none. */
export function swapLink(target, link) {
  const fresh = `${link}.link-${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, link);
}
