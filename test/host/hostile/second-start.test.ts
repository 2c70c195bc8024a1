import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SandboxStartError } from "../../../sandbox/errors.ts";
import { forgetSandbox, openSandbox } from "../../../sandbox/sandbox.ts";
import { makeSandboxHome, shell, smallSpec } from "../sandbox-fixture.ts";

test("a root whose folders a run turned into links out: the next start makes and mounts nothing outside", async () => {
  await using folder = makeSandboxHome();
  // Everybody may write here; nobody should.
  const host = join(folder.home, "host");
  mkdirSync(join(host, "deep"), { recursive: true });
  writeFileSync(join(host, "file"), "of the host");
  for (const path of [folder.home, host, join(host, "deep"), join(host, "file")]) {
    chmodSync(path, 0o777);
  }
  const code = join(folder.home, "code");
  mkdirSync(code);
  writeFileSync(join(code, "hello"), "hello\n");
  const binds = [
    { source: code, target: "/opt/colony" },
    { source: code, target: "/opt/agents/one" },
  ];
  const before = listOf(host);
  // Links that lead out from the host's root, from the sandbox's, and by its own first process.
  const ways = [`../../../../../../../../..${host}`, host, `/proc/1/root${host}`];
  for (const [index, way] of ways.entries()) {
    const id = `again-${index}`;
    const spec = smallSpec(id, { binds });
    await using sandbox = await openSandbox(folder, spec, { withNetwork: false });
    const script = `
      for name in ${index === 0 ? "opt" : ""} run tmp mnt etc/ssl dev proc sys workspace root; do
        mv /$name /$name.was 2>/dev/null && ln -s ${way}/deep /$name
      done
      ln -sf ${way}/file /etc/hostname; ln -sf ${way}/file /etc/hosts
      rm -f /etc/resolv.conf; ln -sf ${way}/file /etc/resolv.conf; readlink /mnt /etc/hosts`;
    expect((await shell(sandbox, script)).text).toBe(`${way}/deep\n${way}/file`);
    await sandbox.close();

    const again = openSandbox(folder, spec, { withNetwork: false });
    if (index === 0) {
      // The runtime finds no folder to mount on, and says so.
      await expect(again).rejects.toThrow(SandboxStartError);
    } else {
      await using second = await again;
      const options = { cwd: "/", timeoutMs: 20_000, maxOutputBytes: 1_000 };
      expect((await second.exec(["cat", "/opt/colony/hello"], options)).output).toBe("hello\n");
      await second.close();
    }
    expect(listOf(host)).toEqual(before);
    expect(readFileSync(join(host, "file"), "utf8")).toBe("of the host");
    await forgetSandbox(folder, id);
    expect(listOf(host)).toEqual(before);
  }
});

function listOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const { uid, gid, mode, mtimeMs } = lstatSync(join(path, name));
      return [name, uid, gid, mode, mtimeMs].join(" ");
    });
}
