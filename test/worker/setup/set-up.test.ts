import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseSources, pickMirror } from "../../../worker/setup/debian-mirror.mjs";
import { missingPackages } from "../../../worker/setup/debian-packages.mjs";
import { matchesLock } from "../../../worker/setup/node-modules.mjs";
import { productionClosure } from "../../../worker/setup/package-closure.mjs";
import { renderDuration } from "../../../worker/setup/say.mjs";
import { renameModules } from "../../../worker/setup/strip-types.mjs";
import { readSystemUser } from "../../../worker/setup/system-user.mjs";
import { inRange, parseVersion } from "../../../worker/setup/versions.mjs";

const lock = {
  packages: {
    "": { name: "x" },
    "node_modules/a": { version: "1.0.0", integrity: "i" },
    "node_modules/b": { version: "2.0.0", integrity: "j", optional: true },
  },
};

test("node_modules is right when all that is not optional has the version of the lock file", () => {
  const a = { version: "1.0.0", integrity: "i" };
  expect(matchesLock(lock, { packages: { "node_modules/a": a } })).toBe(true);
  expect(matchesLock(lock, { packages: {} })).toBe(false);
  expect(matchesLock(lock, { packages: { "node_modules/a": { ...a, version: "1.0.1" } } })).toBe(
    false,
  );
  const oldB = { version: "1.9.0", integrity: "j" };
  expect(matchesLock(lock, { packages: { "node_modules/a": a, "node_modules/b": oldB } })).toBe(
    false,
  );
});

test("finds the mirror of Debian itself in both forms of sources", () => {
  const deb822 =
    "Types: deb\nURIs: http://mirror.example/debian-security/\nSuites: x\n\nURIs: http://mirror.example/debian/\n";
  expect(pickMirror(parseSources(deb822))).toBe("http://mirror.example/debian");
  const oneLine =
    "# deb http://no.example/debian x main\ndeb [signed-by=/k] https://other.example/vendor x main\ndeb [arch=amd64] https://m.example/debian bookworm main\n";
  expect(pickMirror(parseSources(oneLine))).toBe("https://m.example/debian");
  expect(pickMirror(["cdrom:[Debian]/debian"])).toBe("http://deb.debian.org/debian");
});

test("reads and compares versions as programs print them", () => {
  expect(parseVersion("mount from util-linux 2.42.4 (libmount 2.42.4: selinux)")).toBe("2.42.4");
  expect(parseVersion("git version 2.39.5")).toBe("2.39.5");
  expect(parseVersion("no number")).toBeUndefined();
  const range = { from: "2.39.1", below: "3.0" };
  expect(["2.39.1", "2.42", "2.100.0"].map((v) => inRange(v, range))).toEqual([true, true, true]);
  expect(["2.39", "2.38.1", "3.0", "3.0.1"].map((v) => inRange(v, range))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("asks for a package only when none of its files is there", () => {
  const packages = [{ name: "crun", files: ["/usr/bin/crun", "/usr/sbin/runc"], why: "" }];
  expect(missingPackages(packages, (file) => String(file) === "/usr/sbin/runc")).toEqual([]);
  expect(missingPackages(packages, () => false)).toEqual(packages);
});

test("the closure has what runs, each version in a place where its user finds it", () => {
  const root = mkdtempSync(join(tmpdir(), "colony-closure-"));
  const add = (path: string, about: object) => {
    mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, path, "package.json"), JSON.stringify(about));
  };
  try {
    // Installed from a package: our code is below node_modules, the dependencies beside it.
    const app = "node_modules/app/dist/package";
    add(app, { dependencies: { a: "1", b: "2" }, devDependencies: { tester: "1" } });
    add("node_modules/a", { dependencies: { b: "1" }, peerDependencies: { gone: "1" } });
    add("node_modules/b", {});
    add("node_modules/app/node_modules/b", {});
    add("node_modules/tester", {});
    const places = [...productionClosure(join(root, app))].map(([place, from]) => [
      place,
      from.slice(root.length + 1),
    ]);
    expect(Object.fromEntries(places)).toEqual({
      "node_modules/a": "node_modules/a",
      "node_modules/b": "node_modules/app/node_modules/b",
      "node_modules/a/node_modules/b": "node_modules/b",
    });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("packing renames modules of the tree and leaves other names that end in .ts", () => {
  const modules = ["sandbox/keeper-main.ts", "worker/runs/a.ts"];
  const rename = (text: string) => renameModules(text, "worker/runs/b.ts", modules);
  expect(rename(`import { a } from "./a.ts";`)).toBe(`import { a } from "./a.js";`);
  expect(rename(`await import('../../sandbox/keeper-main.ts')`)).toBe(
    `await import('../../sandbox/keeper-main.js')`,
  );
  expect(rename(`\`\${root}/sandbox/keeper-main.ts\``)).toBe(`\`\${root}/sandbox/keeper-main.js\``);
  expect(rename(`join(root, "sandbox", "keeper-main.ts")`)).toContain(`"keeper-main.js"`);
  expect(rename(`"src/app.ts"`)).toBe(`"src/app.ts"`);
});

test("durations are for people", () => {
  expect([450, 12_340, 185_000].map(renderDuration)).toEqual(["0.5 s", "12 s", "3 min 5 s"]);
});

test("reads the uid of the system user, and no other's", () => {
  expect(readSystemUser("colony2:x:1:1::/:/x\ncolony:x:999:995::/:/x")).toEqual({
    uid: 999,
    gid: 995,
  });
  expect(readSystemUser("root:x:0:0::/:/x")).toBeUndefined();
});

test("a failing set-up prints one sentence, nothing on stdout, and exits 1", () => {
  const prepare = join(import.meta.dirname, "../../../worker/setup/prepare.mjs");
  const file = join(mkdtempSync(join(tmpdir(), "colony-file-")), "file");
  writeFileSync(file, "");
  const env = { PATH: "/usr/bin:/bin", COLONY_SHARED: join(file, "shared") };
  const run = () =>
    execFileSync(process.execPath, [prepare], { env, encoding: "utf8", stdio: "pipe" });
  expect(run).toThrow(
    expect.objectContaining({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^colony set-up: cannot write to \S+ \(ENOTDIR\); set COLONY_SHARED .*\n$/,
      ),
    }),
  );
});
