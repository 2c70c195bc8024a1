import { expect, test } from "vitest";
import {
  type Destination,
  decideEgress,
  type HostSettings,
} from "../../../sandbox/network/egress-policy.ts";

const host: HostSettings = {
  registries: [
    { name: "deb.example", port: 80, scheme: "http" },
    { name: "npm.example", port: 8443, scheme: "https" },
  ],
  noProxy: [],
  environment: {},
};
const http = (name: string, port = 80): Destination => ({ name, port, scheme: "http" });
const https = (name: string, port = 443): Destination => ({ name, port, scheme: "https" });
const packages = { kind: "packages", alsoNames: ["*.docs.example", "api.example"] } as const;

test("packages: the host's registries and the names that were added, nothing else", () => {
  const kind = (to: Destination) => decideEgress(packages, host, to).kind;
  expect(kind(http("deb.example"))).toBe("allowed");
  expect(kind(https("deb.example"))).toBe("allowed");
  expect(kind(https("npm.example", 8443))).toBe("allowed");
  expect(kind(https("npm.example", 9000))).toBe("refused");
  expect(kind(https("api.example"))).toBe("allowed");
  expect(kind(https("a.docs.example"))).toBe("allowed");
  expect(kind(https("docs.example"))).toBe("refused");
  expect(kind(https("evildocs.example"))).toBe("refused");
  expect(kind(https("deb.example.evil.example"))).toBe("refused");
});

test("only a name of the host's own settings is trusted to be in a private network", () => {
  expect(decideEgress(packages, host, http("deb.example"))).toMatchObject({ trustedName: true });
  expect(decideEgress(packages, host, https("api.example"))).toMatchObject({ trustedName: false });
});

test("none refuses everything, open leaves ports 80 and 443", () => {
  expect(decideEgress({ kind: "none" }, host, http("deb.example")).kind).toBe("refused");
  expect(decideEgress({ kind: "open" }, host, https("any.example")).kind).toBe("allowed");
  expect(decideEgress({ kind: "open" }, host, http("any.example", 25)).kind).toBe("refused");
});

test("what is no host name is refused under every policy", () => {
  for (const name of ["127.0.0.1", "[::1]", "a b", "A.example", "x\r\nHost: y"]) {
    expect(decideEgress({ kind: "open" }, host, http(name)).kind).toBe("refused");
  }
});

test("the host's proxies are used as its tools would use them", () => {
  const httpProxy = new URL("http://proxy.example:3128");
  const httpsProxy = new URL("http://secure.example:3128");
  const own = new URL("http://apt-proxy.example:3142");
  const proxied: HostSettings = {
    ...host,
    registries: [
      { name: "deb.example", port: 80, scheme: "http", proxy: own },
      { name: "near.example", port: 80, scheme: "http", proxy: "direct" },
    ],
    httpProxy,
    httpsProxy,
    noProxy: [".corp.example", "bare.example", "port.example:444"],
  };
  const route = (to: Destination) => {
    const decision = decideEgress({ kind: "open" }, proxied, to);
    return decision.kind === "allowed" ? decision.route : undefined;
  };
  expect(route(http("a.example"))).toBe(httpProxy);
  expect(route(https("a.example"))).toBe(httpsProxy);
  expect(route(http("deb.example"))).toBe(own);
  expect(route(http("near.example"))).toBe("direct");
  expect(route(https("git.corp.example"))).toBe("direct");
  expect(route(https("sub.bare.example"))).toBe("direct");
  expect(route(https("port.example"))).toBe(httpsProxy);
});
