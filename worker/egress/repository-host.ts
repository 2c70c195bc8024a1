import { parseEgressEntry, renderEgressEntry } from "../../sandbox/sandbox.ts";

/**
 * The entries that reach a repository's own host: its web ports, and the port of its address where
 * that is another (ssh). None for a folder of this host. Pure.
 */
export function repositoryHostEntries(url: string): readonly string[] {
  const place = placeOf(url);
  if (place === undefined) return [];
  const web = parseEgressEntry(place.host);
  if ("problem" in web) return [];
  const { port } = place;
  const own = port === 80 || port === 443 ? [] : [{ ...web, port }];
  return [web, ...own].map(renderEgressEntry);
}

const standardPorts: Readonly<Record<string, number>> = {
  "http:": 80,
  "https:": 443,
  "ssh:": 22,
  "git:": 9418,
};

function placeOf(url: string): { readonly host: string; readonly port: number } | undefined {
  if (URL.canParse(url)) {
    const { protocol, hostname, port } = new URL(url.replace(/^git\+ssh:/, "ssh:"));
    const standard = standardPorts[protocol];
    if (standard === undefined) return undefined;
    return { host: hostname, port: port === "" ? standard : Number(port) };
  }
  // git's short form, `git@host:path`; what has a slash before the colon is a path.
  const short = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/\/)/.exec(url)?.[1];
  return short === undefined ? undefined : { host: short, port: 22 };
}
