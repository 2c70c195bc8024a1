import { expect, test } from "vitest";
import { renderAccounts } from "../../../sandbox/image/accounts.ts";
import { isForbidden } from "../../../sandbox/image/chosen-files.ts";
import { parseConffiles, parseOwnedPaths } from "../../../sandbox/image/dpkg.ts";
import { hasUidOf } from "../../../sandbox/receipt.ts";

test("conffiles as dpkg wrote them, without obsolete and unrecorded ones", () => {
  const md5 = "0123456789abcdef0123456789abcdef";
  const status = [
    "Package: a",
    "Conffiles:",
    ` /etc/a.conf ${md5}`,
    ` /etc/old.conf ${md5} obsolete`,
    " /etc/new.conf newconffile",
    "Description: x",
    ` /etc/b.conf ${md5}`,
  ].join("\n");
  expect(parseConffiles(status)).toEqual([{ path: "/etc/a.conf", md5 }]);
  expect(parseOwnedPaths("/.\n/etc\n/etc/x\n/usr/bin\n/var/lib/y\n")).toEqual([
    "/etc/x",
    "/var/lib/y",
  ]);
});

test("secrets stay out even where a package owns their place", () => {
  for (const path of ["/etc/shadow", "/etc/ssh/key", "/etc/apt/auth.conf.d", "/etc/ssl/private"]) {
    expect(isForbidden(path)).toBe(true);
  }
  expect(isForbidden("/etc/ssl/certs")).toBe(false);
});

test("accounts of the system without people, passwords and comments", () => {
  const made = renderAccounts(
    "root:$6$secret:0:0:Root,Room 1:/root:/bin/bash\nada:x:1000:1000:Ada:/home/ada:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n",
    "root:x:0:ada\nada:x:1000:\n",
  );
  expect(made.passwd).toBe("root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n");
  expect(made.group).toBe("root:x:0:\n");
  expect(JSON.stringify(made)).not.toContain("secret");
});

test("a process belongs to a range by any of its four uids", () => {
  const status = "Name:\tx\nUid:\t0\t0\t70001\t0\nGid:\t0\t0\t0\t0\n";
  expect(hasUidOf(status, 70_000)).toBe(true);
  expect(hasUidOf(status, 200_000)).toBe(false);
});
