import { isAbsolute } from "node:path";
import { RepositoryError } from "./errors.ts";

/** A checked address that git may be given: it names no program and no option. */
export interface RepositoryAddress {
  readonly kind: "https" | "http" | "ssh" | "path";
  /** What git gets, always after `--`. */
  readonly url: string;
  /** The address without credentials, for people. */
  readonly label: string;
  /** Last word of the path, for folder names. */
  readonly slug: string;
}

const loopbackHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);
const scpLike = /^(?:([A-Za-z0-9_][A-Za-z0-9._-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*):(?!\/\/)(.+)$/s;

/** Parses what a person typed as a repository. Throws `RepositoryError` of kind `bad-address`. */
export function parseRepositoryAddress(typed: string): RepositoryAddress {
  const text = typed.trim();
  if (text === "") throw refuse("No repository was named.");
  if (hasControlCharacter(text) || text.length > 4096) {
    throw refuse("The repository's address holds characters that no address has.");
  }
  if (text.startsWith("-")) throw refuse(`"${text}" is an option, not a repository.`);
  if (/^[A-Za-z0-9+.-]+::/.test(text)) {
    throw refuse(`"${text}" runs a helper program; give an https, ssh or file URL, or a path.`);
  }
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) return fromUrl(text);
  if (isAbsolute(text)) return address("path", text, text, text);
  const scp = scpLike.exec(text);
  if (scp?.[3] !== undefined && !scp[3].startsWith("-")) return address("ssh", text, text, scp[3]);
  throw refuse(`"${text}" is neither a URL nor an absolute path.`);
}

function fromUrl(text: string): RepositoryAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refuse(`"${text}" is not a URL.`);
  const label = withoutCredentials(url);
  switch (url.protocol) {
    case "file:": {
      if (url.hostname !== "" && url.hostname !== "localhost") {
        throw refuse(`"${label}" names another machine; a file URL is file:///path.`);
      }
      const path = decodedPath(url);
      if (path === undefined || hasControlCharacter(path))
        throw refuse(`"${label}" is not a path.`);
      return address("path", path, text, path);
    }
    case "https:":
      return address("https", text, label, url.pathname);
    case "http:":
      if (loopbackHosts.has(url.hostname)) return address("http", text, label, url.pathname);
      throw refuse(`"${label}" is not encrypted; use https.`);
    case "ssh:":
    case "git+ssh:":
      if (!/^[A-Za-z0-9[]/.test(url.hostname) || url.username.startsWith("-")) {
        throw refuse(`"${label}" has no usable host.`);
      }
      return address("ssh", text, label, url.pathname);
    default:
      throw refuse(`"${url.protocol}" is not spoken here; use https, ssh, file or a path.`);
  }
}

function decodedPath(url: URL): string | undefined {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    return undefined;
  }
}

function withoutCredentials(url: URL): string {
  const shown = new URL(url);
  shown.password = "";
  if (url.protocol.startsWith("http")) shown.username = "";
  return shown.href;
}

function address(
  kind: RepositoryAddress["kind"],
  url: string,
  label: string,
  path: string,
): RepositoryAddress {
  const words = path
    .replace(/\/+$/, "")
    .replace(/\.git$/, "")
    .split("/");
  const slug = (words.at(-1) ?? "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 32);
  return { kind, url, label, slug: slug.replace(/^-+|-+$/g, "") || "repository" };
}

function hasControlCharacter(text: string): boolean {
  return /[\u0000-\u001f\u007f]/.test(text);
}

function refuse(sentence: string): RepositoryError {
  return new RepositoryError("bad-address", sentence);
}

/** Parses a branch name as git's own rules have it. Throws `RepositoryError`. */
export function parseBranch(typed: string): string {
  const name = typed.trim();
  const bad =
    name === "" ||
    name.length > 200 ||
    hasControlCharacter(name) ||
    /^-|^\/|\/$|\/\/|\.\.|@\{|[ ~^:?*[\\]|\.$|(^|\/)\.|\.lock(\/|$)/.test(name);
  if (bad) throw new RepositoryError("no-branch", `"${name}" cannot be the name of a branch.`);
  return name;
}
