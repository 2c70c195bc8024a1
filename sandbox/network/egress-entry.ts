import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { hostName } from "./stand-in.ts";

/** One entry of a list of names: `example.com`, `*.example.com`, `git.example.com:22`. */
export interface EgressEntry {
  readonly name: string;
  /** Everything below the name, not the name itself. */
  readonly wildcard: boolean;
  /** Absent: 80 and 443. */
  readonly port?: number;
}

/** Reads an entry, or says in half a sentence why it is none ("has a NUL byte in it"). Pure. */
export function parseEgressEntry(text: string): EgressEntry | { readonly problem: string } {
  const [, stem = "", portText] = /^(.*?)(?::([0-9]{1,6}))?$/s.exec(text) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  const problem = nameProblem(text, stem) ?? portProblem(port);
  if (problem !== undefined) return { problem };
  const wildcard = stem.startsWith("*.");
  const name = stem.slice(wildcard ? 2 : 0).toLowerCase();
  return { name, wildcard, ...(port === undefined ? {} : { port }) };
}

function nameProblem(text: string, stem: string): string | undefined {
  if (text.includes("\0")) return "has a NUL byte in it";
  if (stem.includes("/")) return "is an address of a page; give its host name alone";
  const bare = stem.replace(/^\*\./, "");
  if (
    isIP(text.replace(/^\[(.*)\]$/, "$1")) !== 0 ||
    isIP(bare.replace(/^\[(.*)\]$/, "$1")) !== 0
  ) {
    return "is an address; a list has names, and addresses are the administrator's (`egressAddresses`)";
  }
  if (bare.endsWith(".")) return `ends in a dot; write ${oneLine(bare.replace(/\.+$/, ""))}`;
  if (/[^\0-\x7f]/.test(bare)) {
    const ascii = domainToASCII(bare);
    return ascii === "" ? "is no host name" : `is not ASCII; write ${ascii}`;
  }
  if (hostName(`a.${bare}`) === undefined) {
    // Written so, resolvers read it as an IPv4 address.
    return /(^|\.)(0x[0-9a-f]*|[0-9]+)$/i.test(bare)
      ? "is an address in disguise; a list has names"
      : "is no host name";
  }
  // One label is allowed where it stands alone: names of a company's own network.
  return undefined;
}

function portProblem(port: number | undefined): string | undefined {
  if (port === undefined || (port > 0 && port < 65_536)) return undefined;
  return "has a port that does not exist; ports go from 1 to 65535";
}

function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 100);
}

/** As it is written in a list. */
export function renderEgressEntry({ name, wildcard, port }: EgressEntry): string {
  return `${wildcard ? "*." : ""}${name}${port === undefined ? "" : `:${port}`}`;
}

/** Pure: the entry of a list that means this name and port, if one does. */
export function findEntry(
  entries: readonly string[],
  to: { readonly name: string; readonly port: number },
): string | undefined {
  return entries.find((text) => {
    const entry = parseEgressEntry(text);
    if ("problem" in entry) return false;
    const named = entry.wildcard ? to.name.endsWith(`.${entry.name}`) : to.name === entry.name;
    const ported =
      entry.port === undefined ? to.port === 80 || to.port === 443 : to.port === entry.port;
    return named && ported;
  });
}
