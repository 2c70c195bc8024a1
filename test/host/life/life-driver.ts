import { openSandbox, type SandboxSpec } from "../../../sandbox/sandbox.ts";
import { stateFolder } from "../../../sandbox/state-folder.ts";
import { openStore } from "../../../sandbox/workspace.ts";

/*
 * A driver that is to be killed, or whose keeper or runtime is: life-driver.ts JSON. It takes a sandbox
 * through the whole of its life: workspace, start, programs with and without a terminal, snapshots.
 */
const { home, shared, url, codeRoot, spec } = JSON.parse(process.argv[2] ?? "") as {
  home: string;
  shared: string;
  url: string;
  codeRoot: string | undefined;
  spec: SandboxSpec;
};
const folder = stateFolder(home, shared);
const caller = { uid: 0, gid: 0, home: "/root", env: {} };
const store = await openStore({ folder, url, caller });
const { commit } = await store.fetch();
const workspace = await store.openWorkspace(spec.id, commit);
const code = codeRoot === undefined ? {} : { codeRoot };
const sandbox = await openSandbox(folder, { ...spec, workspace }, code);
const script =
  "trap '' TERM; setsid sleep 1000 & i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo $i > f$i; head -c 100k /dev/zero > /root/z$i; sleep 0.02; done";
const cwd = "/workspace";
const worker = await sandbox.start({ name: "work", argv: ["sh", "-c", script], env: {}, cwd });
const terminal = { columns: 80, rows: 24 };
const shown = await sandbox.start({ name: "shown", argv: ["sleep", "1"], env: {}, cwd, terminal });
await sandbox.exec(["sh", "-c", "echo x > x; ls"], { timeoutMs: 30_000, maxOutputBytes: 1_000 });
const author = { name: "Ada", email: "ada@example.org" };
const description = { title: spec.id, author, trailers: { "Task-Id": spec.id }, sandbox };
await store.snapshot(spec.id, description);
await Promise.all([worker.exited(), shown.exited()]);
await store.snapshot(spec.id, description);
await sandbox.close();
process.exit(0);
