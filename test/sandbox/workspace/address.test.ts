import { expect, test } from "vitest";
import { parseBranch, parseRepositoryAddress } from "../../../sandbox/workspace/address.ts";

test.each([
  ["https://github.com/o/My_Repo.git", "https", "my-repo"],
  ["http://localhost:3000/x", "http", "x"],
  ["ssh://git@host.example:22/o/r.git", "ssh", "r"],
  ["git@github.com:o/r.git", "ssh", "r"],
  ["host:r", "ssh", "r"],
  ["/srv/x/", "path", "x"],
  ["/", "path", "repository"],
])("%s is %s", (text, kind, slug) => {
  expect(parseRepositoryAddress(text)).toMatchObject({ kind, slug, url: text });
});

test("a file URL is the path that it names", () => {
  const address = parseRepositoryAddress("file:///srv/a%20b.git");
  expect(address).toMatchObject({ kind: "path", url: "/srv/a b.git", slug: "a-b" });
});

test("credentials are not part of what people see", () => {
  expect(parseRepositoryAddress("https://u:p@h.example/r").label).toBe("https://h.example/r");
});

test.each([
  "-x",
  "--upload-pack=x",
  "ext::sh -c x",
  "HTTPS::x",
  "ftp://h/x",
  "http://example.org/r",
  "http://localhost.example.org/r",
  "ssh://-oProxyCommand=x/y",
  "ssh:///x",
  "user@-h:x",
  "relative",
  "./x",
  "/a\u0000b",
  "file:///a%00b",
  "file:///a%ff",
])("%s is refused", (text) => {
  expect(() => parseRepositoryAddress(text)).toThrowError(
    expect.objectContaining({ name: "RepositoryError", kind: "bad-address" }),
  );
});

test.each(["main", "feature/x-1", "größe", "a.b"])("%s is a branch", (name) => {
  expect(parseBranch(` ${name} `)).toBe(name);
});

test.each([
  "",
  "-x",
  "a..b",
  "a b",
  "a:b",
  "a^",
  "a~1",
  "x.lock",
  "a/.b",
  "/a",
  "a/",
  "a@{1}",
  "a\nb",
])("%j is no branch", (name) => {
  expect(() => parseBranch(name)).toThrow("cannot be the name of a branch");
});
