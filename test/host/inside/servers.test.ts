import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox } from "../../../sandbox/sandbox.ts";
import { readListening } from "./host-state.ts";
import { type Inside, openInside, succeed } from "./inside-fixture.ts";

/** Servers on their usual ports, in two sandboxes at the same time. */
const ports = [5432, 6379, 3000];
const hostPorts = readListening(ports);
let inside: Inside;

beforeAll(async () => {
  inside = await openInside(["servers-a", "servers-b"], { ports });
});
afterAll(() => inside?.[Symbol.asyncDispose]());

function inBoth(script: (mark: string) => string): Promise<readonly string[]> {
  const run = (sandbox: Sandbox) => succeed(sandbox, script(sandbox.id));
  return Promise.all(inside.sandboxes.map(run));
}

test("PostgreSQL is installed, and serves on 5432 in both", { timeout: 300_000 }, async () => {
  const said = await inBoth(
    (mark) => `exec 3>&1 >/tmp/install.log 2>&1
# What this host has counts as installed: away with it, so that it really is.
dpkg -s postgresql-15 && apt-get -q purge -y 'postgresql*'
apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -q install -y postgresql
bin=$(ls -d /usr/lib/postgresql/*/bin)
install -d -o postgres /srv/db
su postgres -c "$bin/initdb -D /srv/db && $bin/pg_ctl -D /srv/db -o '-p 5432' -w start"
su postgres -c "psql -p 5432 -c 'create table t (mark text)' -c \\"insert into t values ('${mark}')\\""
su postgres -c "psql -h localhost -p 5432 -Atc 'select mark, current_setting(\\$\\$port\\$\\$) from t'" >&3`,
  );
  expect(said).toEqual(["servers-a|5432", "servers-b|5432"]);
});

test("Redis serves on 6379 in both", async () => {
  const said = await inBoth(
    (mark) => `exec 3>&1 >/tmp/redis.log 2>&1
command -v redis-server || apt-get -q install -y redis-server
redis-server --port 6379 --daemonize yes --dir /tmp
until redis-cli ping; do sleep 0.1; done
redis-cli set mark ${mark}
redis-cli get mark >&3`,
  );
  expect(said).toEqual(["servers-a", "servers-b"]);
});

test("a web server serves on 3000 in both", async () => {
  const said = await inBoth(
    (mark) => `mkdir -p /srv/web && echo ${mark} >/srv/web/index.html
(cd /srv/web && exec python3 -m http.server 3000 >/dev/null 2>&1 &)
until curl -sf http://localhost:3000/; do sleep 0.1; done`,
  );
  expect(said).toEqual(["servers-a", "servers-b"]);
});

test("each sees its own, and the host none of them", async () => {
  const listening = await inBoth(() => "ss -Hltn | awk '{print $4}' | sed 's/.*://' | sort -un");
  for (const text of listening)
    expect(text.split("\n")).toEqual(expect.arrayContaining(["3000", "5432", "6379"]));
  expect(readListening(ports)).toBe(hostPorts);
});

test("nothing of it is on the host afterwards", async () => {
  const { before, after, ...left } = await inside.end();
  expect(after).toEqual(before);
  expect(left).toEqual({ processes: [], mounts: [] });
});
