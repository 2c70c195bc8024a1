import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { SetupError } from "./say.mjs";

/** Asks a program for its version and returns the whole first line. */
export async function askVersion(program) {
  const { code, stdout } = await run([program, "--version"], { check: false, timeoutMs: 30_000 });
  return code === 0 ? stdout.split("\n")[0] : undefined;
}

const trials = {
  async jj(bin, folder) {
    const repo = join(folder, "jj");
    const jj = (...args) =>
      run([join(bin, "jj"), "--no-pager", "--color", "never", ...args], {
        cwd: repo,
        env: trialEnvironment(bin, folder),
      });
    mkdirSync(repo);
    await jj("git", "init", "--no-colocate");
    writeFileSync(join(repo, "a"), "one\n");
    await jj("describe", "-m", "trial");
    const template = 'json({"files"=>diff.stat().total_added(),"text"=>description})';
    const { stdout } = await jj("log", "--no-graph", "-r", "@", "-T", template);
    if (JSON.parse(stdout).files !== 1)
      throw new SetupError(`jj did not see a written file: ${stdout}`);
    await jj("--no-integrate-operation", "new", "-m", "not integrated");
  },
  async git(bin, folder) {
    const repo = join(folder, "git");
    const git = (...args) =>
      run([join(bin, "git"), ...args], { cwd: folder, env: trialEnvironment(bin, folder) });
    await git("init", "-q", "-b", "main", repo);
    writeFileSync(join(repo, "a"), "one\n");
    await git("-C", repo, "add", "a");
    await git(
      "-C",
      repo,
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@example.org",
      "commit",
      "-qm",
      "trial",
    );
    await git("clone", "-q", `file://${repo}`, `${repo}2`);
    statSync(`${repo}2/a`);
    // The helper of https is a program of its own with the most libraries.
    await run([join(bin, "git"), "remote-https", "origin", "https://example.invalid/"], {
      cwd: repo,
      input: "\n",
      env: trialEnvironment(bin, folder),
    });
  },
  async crun(bin) {
    const { stdout } = await run([join(bin, "crun"), "features"]);
    if (!JSON.parse(stdout).linux) throw new SetupError("crun knows no Linux features");
  },
  async "util-linux"(bin, folder) {
    for (const name of ["from", "to"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "from", "a"), "one\n");
    const script = [
      `${bin}/mount --bind -o ro,X-mount.idmap=b:0:700000:1 "$1/from" "$1/to"`,
      `stat -c %u "$1/to/a"`,
      `${bin}/findmnt -no OPTIONS "$1/to"`,
      `${bin}/setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs ${bin}/nsenter --version`,
      `${bin}/umount "$1/to"`,
    ].join(" && ");
    const { stdout } = await run([
      join(bin, "unshare"),
      "-m",
      "--propagation",
      "private",
      "sh",
      "-c",
      script,
      "sh",
      folder,
    ]);
    if (!stdout.startsWith("700000\n"))
      throw new SetupError(`an idmapped mount did not map: ${stdout}`);
  },
};

function trialEnvironment(bin, folder) {
  const empty = join(folder, "empty-config");
  writeFileSync(empty, "");
  return {
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: folder,
    JJ_CONFIG: empty,
    GIT_CONFIG_GLOBAL: empty,
    GIT_CONFIG_SYSTEM: empty,
  };
}

/**
 * Uses every tool of `bin` for real once, in a folder of the shared file system (mounts depend on
 * it); throws a sentence about the first that fails.
 */
export async function tryTools(bin, groups, shared) {
  const folder = mkdtempSync(join(shared, ".trial-"));
  try {
    for (const { name } of groups) await trials[name](bin, folder);
  } finally {
    // A leaked mount would be removed through: the trial ran in a namespace of its own.
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads what a finished prefix says of itself, or undefined. */
export function readManifest(prefix) {
  try {
    return JSON.parse(readFileSync(join(prefix, "manifest.json"), "utf8"));
  } catch {
    return undefined;
  }
}
