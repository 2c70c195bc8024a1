import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureOwnImage, ImageError } from "../../../sandbox/sandbox.ts";
import { stateFolder } from "../../../sandbox/state-folder.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "../sandbox-fixture.ts";
import { damageBlob, makeFolder, makeOciLayout, makeRootFileSystem } from "./root-file-system.ts";

const home = makeSandboxHome();
/** Images of its own: the test counts them. */
const folder = { ...stateFolder(home.home, home.shared), images: join(home.home, "images") };
const allowed = join(home.home, "allowed");
const rules = { folders: [allowed], ownerUid: 1234 };
let root: string;

beforeAll(() => {
  mkdirSync(allowed);
  root = makeRootFileSystem(makeFolder(allowed));
});
afterAll(() => home[Symbol.asyncDispose]());

const ensure = (path: string) => ensureOwnImage(folder, path, rules);
const images = () => (existsSync(folder.images) ? readdirSync(folder.images) : []);

test("a root file system is an image, and a change of it reaches no sandbox that uses it", async () => {
  const { key } = await ensure(root);
  await using sandbox = await openForTest(folder, smallSpec("own", { image: key }));
  const line =
    "cat /etc/team /etc/resolv.conf; id -u; ls /usr/bin/python3 || echo none of the host";
  const { text } = await shell(sandbox, line);
  expect(text).toMatch(/^made by the team\nnameserver 127\.0\.0\.1\n0\n/);
  expect(text).toContain("none of the host");

  writeFileSync(join(root, "etc/team"), "changed by the team\n");
  const later = await ensure(root);
  expect(later.key).not.toBe(key);
  expect((await shell(sandbox, "cat /etc/team")).text).toBe("made by the team");
  await using newer = await openForTest(folder, smallSpec("newer", { image: later.key }));
  expect((await shell(newer, "cat /etc/team")).text).toBe("changed by the team");
  expect((await ensure(root)).key).toBe(later.key);
});

test("the layers of an OCI layout, with what they take away; none of them leads out", async () => {
  const [upper, evil, victim] = [
    makeFolder(home.home),
    makeFolder(home.home),
    makeFolder(home.home),
  ];
  writeFileSync(join(victim, "kept"), "the host's\n");
  const lower = makeRootFileSystem(makeFolder(home.home));
  mkdirSync(join(lower, "srv/old"), { recursive: true });
  for (const name of ["srv/a", "srv/old/b", "etc/gone"]) writeFileSync(join(lower, name), "x");
  symlinkSync(victim, join(lower, "srv/link"));
  symlinkSync(victim, join(lower, "srv/other"));
  mkdirSync(join(upper, "srv/old"), { recursive: true });
  mkdirSync(join(upper, "etc"));
  mkdirSync(join(upper, "srv/link"));
  for (const name of ["etc/.wh.gone", "srv/old/.wh..wh..opq", "srv/old/new", "srv/link/file"]) {
    writeFileSync(join(upper, name), "y");
  }
  mkdirSync(join(evil, "srv/other"), { recursive: true });
  writeFileSync(join(evil, "srv/other/.wh.kept"), "");
  const layout = makeOciLayout(join(allowed, "oci"), [lower, upper, evil]);
  const { key, path } = await ensure(layout);
  expect(readdirSync(join(path, "srv")).sort()).toEqual(["a", "link", "old", "other"]);
  expect(readdirSync(join(path, "srv/old"))).toEqual(["new"]);
  expect(readdirSync(join(path, "srv/link"))).toEqual(["file"]);
  expect(existsSync(join(path, "etc/gone"))).toBe(false);
  expect(readdirSync(victim)).toEqual(["kept"]);
  await using sandbox = await openForTest(folder, smallSpec("oci", { image: key }));
  expect((await shell(sandbox, "cat /etc/team")).text).toBe("made by the team");
});

test("what cannot be an image is told in a sentence", async () => {
  const before = images();
  const refuse = async (path: string, sentence: RegExp, with_ = rules) => {
    const refused = ensureOwnImage(folder, path, with_);
    await expect(refused).rejects.toBeInstanceOf(ImageError);
    await expect(refused).rejects.toThrow(sentence);
  };
  const bare = makeFolder(allowed);
  await refuse(bare, /it has no \/bin\/sh; expected an OCI layout or a whole root file system/);
  mkdirSync(join(bare, "bin"));
  symlinkSync("/bin/sh", join(bare, "bin/sh"));
  await refuse(bare, /it has no \/bin\/sh/);
  await refuse(root, /no folder of this host may hold images.*images: \[\/srv\/images\]/, {
    ...rules,
    folders: [],
  });
  await refuse("/etc", /it is not below .*allowed/);
  await refuse(allowed, /it is not below .*allowed/);
  symlinkSync("/", join(allowed, "link"));
  await refuse(join(allowed, "link"), /it is not below .*allowed/);
  await refuse(join(allowed, "nothing"), /nothing of that name/);
  writeFileSync(join(allowed, "file"), "");
  await refuse(join(allowed, "file"), /it is a file/);
  const foreign = makeRootFileSystem(makeFolder(allowed));
  chownSync(foreign, 4321, 4321);
  await refuse(foreign, /it belongs to uid 4321; expected root or uid 1234/);
  chownSync(foreign, 1234, 1234);
  chmodSync(foreign, 0o777);
  await refuse(foreign, /everybody may write to it: chmod o-w/);
  const layout = makeOciLayout(join(allowed, "damaged"), [root]);
  damageBlob(layout);
  await refuse(layout, /its blob sha256:[0-9a-f]{64} holds something else: it is damaged/);
  writeFileSync(join(layout, "index.json"), "{");
  await refuse(layout, /its index is no JSON/);
  expect(images()).toEqual(before);
});

test("an image that changes while it is copied is not used", async () => {
  const changing = makeRootFileSystem(makeFolder(allowed));
  const before = images();
  let isOver = false;
  const writer = (async () => {
    for (let count = 0; !isOver; count++) {
      writeFileSync(join(changing, "etc/team"), String(count));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  const refused = ensure(changing);
  await expect(refused).rejects.toThrow(/it changed while it was copied\. Retry/);
  isOver = true;
  await writer;
  expect(images()).toEqual(before);
  const { path } = await ensure(changing);
  expect(readFileSync(join(path, "etc/team"), "utf8")).toMatch(/^\d+$/);
  rmSync(changing, { recursive: true });
});
