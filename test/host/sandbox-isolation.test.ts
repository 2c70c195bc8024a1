import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "./sandbox-fixture.ts";

const folder = makeSandboxHome();
let sandbox: Sandbox;
let neighbour: Sandbox;

beforeAll(async () => {
  sandbox = await openForTest(folder, smallSpec("iso-a"));
  neighbour = await openForTest(folder, smallSpec("iso-b"));
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await neighbour[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test("root inside is nobody outside, of a range that no neighbour has", async () => {
  const uidMap = (await shell(sandbox, "cat /proc/self/uid_map")).text.split(/\s+/).map(Number);
  expect(uidMap).toEqual([0, sandbox.uidBase, 65_536]);
  expect(Math.abs(sandbox.uidBase - neighbour.uidBase)).toBeGreaterThanOrEqual(65_536);
  const passwd = readFileSync("/etc/passwd", "utf8").split("\n");
  expect(passwd.some((line) => Number(line.split(":")[2]) >= sandbox.uidBase)).toBe(false);
  await shell(sandbox, "touch /root/mine /tmp/mine");
  const upper = join(folder.sandboxes, "iso-a", "root", "upper");
  expect(statSync(join(upper, "root/mine")).uid).toBe(sandbox.uidBase);
});

test("every namespace is its own", async () => {
  const { text } = await shell(sandbox, "readlink /proc/self/ns/*");
  const inside = text.split("\n");
  for (const name of ["mnt", "pid", "ipc", "uts", "net", "user", "cgroup"]) {
    const found = inside.find((line) => line.startsWith(`${name}:`));
    const { text: other } = await shell(neighbour, `readlink /proc/self/ns/${name}`);
    expect(found).toBeDefined();
    expect(found).not.toBe(other);
  }
});

test("the host's data is not there", async () => {
  for (const path of ["/root", "/home"]) {
    expect((await shell(sandbox, `ls -A ${path} | grep -v ^mine$`)).text).toBe("");
  }
  expect((await shell(sandbox, "cut -d: -f2 /etc/shadow | sort -u")).text).toBe("*");
  expect((await shell(sandbox, "find / -xdev -type s")).text).toBe("");
  expect((await shell(sandbox, `ls ${folder.home} ${folder.shared}`)).code).not.toBe(0);
  expect((await shell(sandbox, "cat /etc/machine-id")).text).toBe("");
});

test.each([
  ["mount -t tmpfs none /mnt"],
  ["umount /proc"],
  ["unshare --user true"],
  ["unshare --mount true"],
  ["mknod /tmp/disk b 8 0"],
  ["chroot / mount -o remount,rw /sys"],
  ["echo 1 > /proc/sys/kernel/panic"],
  ["echo b > /proc/sysrq-trigger"],
  ["for f in $(find /sys/fs/cgroup -name cgroup.procs); do echo 1 > $f && exit 0; done; exit 1"],
  ["python3 -c 'import socket; socket.socket(socket.AF_ALG)'"],
  ["python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'"],
  ["python3 -c 'import socket; socket.socket(40, socket.SOCK_STREAM)'"],
  ["nice -n -5 sh -c 'test $(nice) -lt 0'"],
  ["hostname other"],
])("refused inside: %s", async (line) => {
  expect((await shell(sandbox, line)).code).not.toBe(0);
});

test("ordinary work is allowed: accounts, owners, low ports, threads", async () => {
  const { text, code } = await shell(
    sandbox,
    "useradd worker && chown worker /tmp/mine && su worker -c id && node -e 'require(`net`).createServer().listen(80, () => process.exit())' && node --version",
  );
  expect(text).toContain("worker");
  expect(text).toContain(process.version);
  expect(code).toBe(0);
});

test("no privileges are gained and none beyond the list are had", async () => {
  const { text } = await shell(
    sandbox,
    "grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/self/status",
  );
  expect(text).toMatch(/CapBnd:\s+00000000800404fb/);
  expect(text).toMatch(/NoNewPrivs:\s+1/);
  expect(text).toMatch(/Seccomp:\s+2/);
});

test("the network has no interface but lo", async () => {
  expect((await shell(sandbox, "ls /sys/class/net")).text).toBe("lo");
});

test("a change of the root is the sandbox's alone", async () => {
  expect(
    (
      await shell(
        sandbox,
        "echo changed > /usr/local/lib/colony-probe && rm /usr/bin/true && cat /usr/local/lib/colony-probe",
      )
    ).text,
  ).toBe("changed");
  expect((await shell(neighbour, "cat /usr/local/lib/colony-probe")).code).not.toBe(0);
  expect(existsSync("/usr/local/lib/colony-probe")).toBe(false);
  expect(existsSync("/usr/bin/true")).toBe(true);
});

test("a workspace of root is written as its owner, and nothing in it becomes setuid", async () => {
  const files = join(folder.home, "project");
  mkdirSync(join(files, ".jj"), { recursive: true });
  writeFileSync(join(files, "a.txt"), "a\n");
  const spec = smallSpec("iso-c", {
    workspace: {
      kind: "folder",
      path: files,
      ownerUid: 0,
      ownerGid: 0,
      jjFolder: join(files, ".jj"),
    },
  });
  await using third = await openForTest(folder, spec);
  const line =
    "cat a.txt; echo b > b.txt; cp /bin/sh s; chmod 4755 s; chmod 755 s; python3 -c 'import os; os.open(`x`, os.O_CREAT|os.O_WRONLY, 0o4755)'; ls -A .jj; rmdir .jj; mv .jj j";
  await shell(third, line.replaceAll("`", '"'));
  expect(readFileSync(join(files, "b.txt"), "utf8")).toBe("b\n");
  expect(statSync(join(files, "b.txt")).uid).toBe(0);
  expect(readdirSync(files).sort()).toEqual([".jj", "a.txt", "b.txt", "s"]);
  for (const name of readdirSync(files)) expect(statSync(join(files, name)).mode & 0o6000).toBe(0);
});
