import { expect, test } from "vitest";
import { parseAdminSettings } from "../../../worker/settings/admin-settings.ts";
import { effectiveSettings } from "../../../worker/settings/effective-settings.ts";
import { parseRepositorySettings } from "../../../worker/settings/repository-settings.ts";

function effective(text: string, admin = "") {
  return effectiveSettings(parseRepositorySettings(text), parseAdminSettings(admin));
}

test("`setup` is short for `image: {setup}`, and a path for `image: {path}`", () => {
  expect(
    effective("image: {setup: npm ci, packages: [libpq-dev, g++, 'postgresql=15+248']}"),
  ).toMatchObject({
    setup: "npm ci",
    image: { packages: ["libpq-dev", "g++", "postgresql=15+248"] },
  });
  expect(effective("setup: npm ci")).toMatchObject({ setup: "npm ci", image: { packages: [] } });
  const own = effective("image: /srv/images/team\nsetup: npm ci");
  expect(own).toMatchObject({ setup: "npm ci", image: { path: "/srv/images/team" } });
});

test("what layers may take is the administrator's", () => {
  expect(effective("", "layers: 5G").layerBytes).toBe(5 * 1024 ** 3);
  expect(effective("").layerBytes).toBe(20 * 1024 ** 3);
  expect(() => parseAdminSettings("layers: 1M")).toThrow(/a size of at least 100M/);
  expect(() => parseAdminSettings("images: srv")).toThrow(/a list of folders such as/);
});

test.each([
  ["image: {packges: [a]}", /Line 1: `packges` is not known in `image`.*Did you mean `packages`/],
  [
    "image: {packages: postgresql}",
    /`image\.packages` is `postgresql`; expected names of packages/,
  ],
  ["image: {packages: ['a; rm -rf /']}", /`image\.packages\.0` is `a; rm -rf \/`; expected names/],
  ["image: {packages: ['-o=x']}", /expected names of packages/],
  ['image: {packages: ["a\\0b"]}', /expected names of packages/],
  ["image: team", /`image\.path` is missing|`image.*`; expected an absolute path/],
  ["image: /srv/../etc", /expected an absolute path/],
  ["image: [a]", /`image` is a list; expected a path, or \{packages/],
  ["setup: a\nimage: {setup: b}", /Line 1: `setup` is `a`; expected one `setup` only/],
])("%s is refused", (text, sentence) => {
  expect(() => parseRepositorySettings(text)).toThrow(sentence);
});
