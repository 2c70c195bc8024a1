import { expect, test } from "vitest";
import {
  parseAptProxies,
  parseAptSources,
  parseMirrorList,
} from "../../../sandbox/network/apt-settings.ts";
import { parseNpmrc, parsePipConf } from "../../../sandbox/network/language-settings.ts";
import { packageEnvironment } from "../../../sandbox/network/package-environment.ts";
import { parseListening } from "../../../sandbox/network/ports.ts";

test("both formats of apt's sources", () => {
  const list = `# deb http://old.example/ x main
deb [arch=amd64 signed-by=/k.gpg] https://a.example/apt stable main
 deb-src http://b.example/debian bookworm main
`;
  expect(parseAptSources(list, "list")).toEqual([
    "https://a.example/apt",
    "http://b.example/debian",
  ]);
  const sources = `Types: deb
# a comment
URIs: http://c.example/debian
 https://d.example/debian
Suites: bookworm

Types: deb
Enabled: no
URIs: http://off.example
Suites: x
`;
  expect(parseAptSources(sources, "sources")).toEqual([
    "http://c.example/debian",
    "https://d.example/debian",
  ]);
  expect(parseMirrorList("# x\nhttps://m.example/debian\tpriority:1\n")).toEqual([
    "https://m.example/debian",
  ]);
});

test("apt's proxies, for all and for one host", () => {
  const dump = `Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://p.example:3142";
Acquire::http::Proxy::near.example "DIRECT";
Acquire::https::Proxy "";
`;
  const proxies = parseAptProxies(dump);
  expect(proxies.http).toBe("http://p.example:3142");
  expect(proxies.https).toBeUndefined();
  expect(proxies.byHost.get("near.example")).toBe("DIRECT");
});

test("npm's registries with variables filled in", () => {
  const text = `; comment
registry=https://\${NAME}.example/npm/
@team:registry = "https://team.example/"
//npm.example/:_authToken=secret
https-proxy=http://p.example:1
`;
  expect(parseNpmrc(text, { NAME: "npm" })).toEqual({
    registries: ["https://npm.example/npm/", "https://team.example/"],
    main: "https://npm.example/npm/",
    httpsProxy: "http://p.example:1",
  });
});

test("pip's indexes", () => {
  const text = `[global]
index-url = https://pip.example/simple
extra-index-url =
    https://one.example/simple
    https://two.example/simple
`;
  expect(parsePipConf(text)).toMatchObject({
    main: "https://pip.example/simple",
    indexes: expect.arrayContaining([
      "https://pip.example/simple",
      "https://one.example/simple",
      "https://two.example/simple",
    ]),
  });
  expect(parsePipConf("[install]\nno-index = true\n").main).toBe("");
});

test("a password in the address of a registry stays outside", () => {
  const environment = packageEnvironment({
    npmRegistry: "https://user:secret@npm.example/path/",
    pipIndex: "file:///opt/index",
  });
  expect(environment).toEqual({
    CHROMIUM_FLAGS: "--no-sandbox",
    npm_config_registry: "https://npm.example/path/",
  });
});

test("listening ports of /proc/net/tcp, without the relay's own", () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     7        0 1 1
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  3000        0 2 1
   2: 0100007F:9C40 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000     7        0 3 1
`;
  expect(parseListening(table, 3000)).toEqual([3000]);
  expect(parseListening(table, 7)).toEqual([80]);
  expect(parseListening("", 7)).toEqual([]);
});
