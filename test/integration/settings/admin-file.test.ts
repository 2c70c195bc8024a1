import { chmod, chown, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readAdminSettings } from "../../../worker/settings/admin-settings.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp("/tmp/colony-config-");
  file = join(folder, "config.yml");
});
afterEach(() => rm(folder, { recursive: true }));

test("no file, no bounds", async () => {
  expect(await readAdminSettings(file)).toEqual({});
});

test("root's file is read", async () => {
  await writeFile(file, "port: 8080\nconcurrency: 4\nidle: 10m\n", { mode: 0o644 });
  expect(await readAdminSettings(file)).toEqual({ port: 8080, concurrency: 4, idle: 600_000 });
});

test("a wrong key is told with the file's path and line", async () => {
  await writeFile(file, "port: 8080\nprot: 1\n");
  await expect(readAdminSettings(file)).rejects.toThrow(
    `\`${file}\` cannot be used. Line 2: \`prot\``,
  );
});

test.each([0o666, 0o664, 0o602])("a file that others may write (%o) is refused", async (mode) => {
  await writeFile(file, "port: 8080\n");
  await chmod(file, mode);
  await expect(readAdminSettings(file)).rejects.toThrow("chmod go-w");
});

test("a file of another user is refused, also behind a link of root's", async () => {
  await writeFile(file, "port: 8080\n");
  await chown(file, 65_534, 65_534);
  const link = join(folder, "link.yml");
  await symlink(file, link);
  for (const path of [file, link])
    await expect(readAdminSettings(path)).rejects.toThrow("expected root");
});

test("a folder is refused", async () => {
  await expect(readAdminSettings(folder)).rejects.toThrow("It is no file");
});
