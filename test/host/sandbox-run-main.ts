import { runInForeground } from "../../sandbox/sandbox.ts";
import { stateFolder } from "../../sandbox/state-folder.ts";
import { smallSpec } from "./sandbox-fixture.ts";

/** `node sandbox-run-main.ts HOME SHARED WORKSPACE|- ARGV…`: what the command line does, bare. */
const [home = "", shared = "", workspace = "-", ...argv] = process.argv.slice(2);
process.exitCode = await runInForeground(stateFolder(home, shared), {
  argv,
  env: {},
  limits: smallSpec("any").limits,
  egress: { kind: "none" },
  ...(workspace === "-" ? {} : { workspace }),
  streams: { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
});
process.exit();
