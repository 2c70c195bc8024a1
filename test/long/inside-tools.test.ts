import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { serveGit } from "../host/git-http-server.ts";
import { type Inside, openInside, succeed } from "../host/inside/inside-fixture.ts";
import { servePythonIndex } from "../host/inside/python-index.ts";
import { openTestInternet } from "../host/inside/test-internet.ts";

/** What developers do all day, as they do it on their own machine. */
const stack = new AsyncDisposableStack();
let inside: Inside;
let sandbox: Sandbox;
let authority: string;

beforeAll(async () => {
  const folder = mkdtempSync("/tmp/colony-tools-");
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  makeRepository(folder);
  const internet = await openTestInternet({
    "git.colony.example": (request, response) => serveGit(folder, request, response),
    "pip.colony.example": servePythonIndex(folder),
  });
  stack.use(internet);
  authority = internet.authority;
  inside = await openInside(["tools"], {
    names: ["git.colony.example", "pip.colony.example"],
    env: { https_proxy: internet.proxy },
  });
  stack.use(inside);
  const [only] = inside.sandboxes;
  if (only === undefined) throw new Error("There is no sandbox.");
  sandbox = only;
});
afterAll(() => stack.disposeAsync());

function makeRepository(folder: string): void {
  const who =
    "GIT_AUTHOR_NAME=G GIT_AUTHOR_EMAIL=g@e.org GIT_COMMITTER_NAME=G GIT_COMMITTER_EMAIL=g@e.org";
  const script = `git init -q work && cd work && echo shop >README && git add -A &&
${who} git commit -qm First && git clone -q --bare . ../shop.git`;
  execFileSync("sh", ["-c", script], { cwd: folder, stdio: "pipe" });
}

test("root's ordinary work: accounts, certificates, links, services of the system", async () => {
  const text = await succeed(
    sandbox,
    `exec 3>&1 >/tmp/root.log 2>&1
cat >/usr/local/share/ca-certificates/test.crt <<'END'
${authority}
END
update-ca-certificates
useradd --create-home --shell /bin/bash worker
echo 'worker:secret' | chpasswd
groupadd crew && usermod -aG crew worker
su - worker -c 'touch mine && id -un && groups' >&3
chown worker:crew /srv && chmod 2770 /srv && stat -c %U:%G:%a /srv >&3
ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime && date +%Z >&3
update-alternatives --set editor /bin/nano || update-alternatives --auto editor || true
mkfifo /tmp/pipe && tar -C / -cf /tmp/etc.tar etc && tar -tf /tmp/etc.tar etc/passwd >&3`,
  );
  expect(text.split("\n")).toEqual([
    ...["worker", "worker crew", "worker:crew:2770", "JST", "etc/passwd"],
  ]);
});

test("git clones over https", async () => {
  const text = await succeed(
    sandbox,
    "git clone -q https://git.colony.example/shop.git /root/shop && git -C /root/shop log --format=%s",
  );
  expect(text).toBe("First");
});

test("a virtual environment, and pip from an index", async () => {
  const text = await succeed(
    sandbox,
    `python3 -m venv /root/venv && . /root/venv/bin/activate
PIP_INDEX_URL=https://pip.colony.example/simple pip -q --disable-pip-version-check install greet
python -c 'import greet; print(greet.__file__)'`,
  );
  expect(text).toMatch(/^greet from the index\n\/root\/venv\/lib/);
});

test("npm ci, a tool for all, and a lock file that holds", async () => {
  const text = await succeed(
    sandbox,
    `mkdir -p /root/p && cd /root/p && npm init -y >/dev/null
npm i -s is-odd@3.0.1 && rm -rf node_modules && npm ci -s && node -p 'require("is-odd")(3)'
npm i -s -g semver@7.7.2 && semver 1.2.3 && command -v semver`,
  );
  expect(text.split("\n")).toEqual(["true", "1.2.3", "/usr/local/bin/semver"]);
});

test("a native module compiles for the Node that is inside", async () => {
  const text = await succeed(
    sandbox,
    `mkdir -p /root/native && cd /root/native
cat >binding.gyp <<'END'
{"targets": [{"target_name": "native", "sources": ["native.cc"]}]}
END
cat >native.cc <<'END'
#include <node.h>
#include <openssl/opensslv.h>
using namespace v8;
static void Version(const FunctionCallbackInfo<Value>& info) {
  info.GetReturnValue().Set(String::NewFromUtf8(info.GetIsolate(), NODE_VERSION).ToLocalChecked());
}
static void Init(Local<Object> exports) { NODE_SET_METHOD(exports, "version", Version); }
NODE_MODULE(native, Init)
END
echo '{"name": "native", "version": "1.0.0"}' >package.json
npm install >/tmp/native.log 2>&1 || { tail -30 /tmp/native.log; exit 1; }
node -p 'require("./build/Release/native.node").version()'`,
  );
  expect(text).toBe(process.version);
});

test("nothing of it is on the host afterwards", async () => {
  const { before, after, ...left } = await inside.end();
  expect(after).toEqual(before);
  expect(left).toEqual({ processes: [], mounts: [] });
});
