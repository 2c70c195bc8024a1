import { spawn } from "node:child_process";
import { delimiter } from "node:path";
import { SetupError } from "./say.mjs";

/** The folders of a Debian PATH: a bare environment may lack /usr/sbin or have no PATH at all. */
const SYSTEM_FOLDERS = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
];

/** The caller's environment (it may name a proxy) with a whole PATH and untranslated messages. */
export function commandEnvironment(extra = {}) {
  const own = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const path = [...new Set([...own, ...SYSTEM_FOLDERS])].join(delimiter);
  return { ...process.env, PATH: path, HOME: process.env.HOME || "/root", LC_ALL: "C", ...extra };
}

const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/**
 * Runs one command to its end. Resolves to `{argv, code, end, stdout, stderr}`; with `check` (the default)
 * any other end than exit 0 throws a SetupError that names the command and its last words.
 */
export function run(argv, options = {}) {
  const { cwd, env, timeoutMs = 600_000, check = true, input, acting, onLine } = options;
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: cwd ?? "/",
      env: commandEnvironment(env),
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8");
      child[name].on("data", (text) => {
        output[name] = (output[name] + text).slice(-MAX_OUTPUT_BYTES);
        onLine?.(text.trimEnd().split("\n").at(-1));
      });
    }
    if (input !== undefined) child.stdin.end(input);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.on("error", (error) => {
      clearTimeout(timer);
      if (!check) return resolve({ argv, code: 127, end: error.message, ...output });
      reject(new SetupError(`${acting ?? "set-up"}: cannot start ${program}: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const end = timedOut ? `no end within ${timeoutMs / 1000} s` : (signal ?? `exit ${code}`);
      const result = { argv, code: code ?? 1, end, ...output };
      if (check && code !== 0) reject(commandFailure(result, acting));
      else resolve(result);
    });
  });
}

/** What to tell a person of a command that failed: the deed, the command, its last words. */
function commandFailure({ argv, end, stdout, stderr }, acting = "set-up") {
  const words = (stderr.trim() || stdout.trim()).split("\n").slice(-6).join("\n  ");
  return new SetupError(`${acting} failed: ${argv.join(" ")} (${end})\n  ${words}`);
}
