import { fileURLToPath } from "node:url";
import { Refusal } from "../../worker/protocol/refusal.ts";
import type { Repository } from "../../worker/protocol/task.ts";
import type { Caller } from "../config.ts";
import { code, cut } from "../replies/wording.ts";
import { lookForRepository } from "../repository-look.ts";

/** With whose rights it is fetched, and whether its paths are those of this host. */
interface Ground {
  readonly caller: Caller;
  readonly sharesHost: boolean;
}

const advice =
  "Give an absolute path (`/home/ada/shop`) or a URL (`https://…`, `ssh://…`, `git@host:path`).";

/**
 * Takes an absolute path, or an https, ssh, git or file URL; what cannot be a repository is refused
 * with a sentence, as far as can be seen from here: the worker sees the rest.
 */
export function parseRepository(text: string, ground: Ground): Repository {
  const url = text.trim();
  const path = pathOf(url);
  const place = path ?? parseRemote(url);
  if (path !== undefined && ground.sharesHost) {
    const trouble = lookForRepository(path);
    if (trouble !== undefined) throw new Refusal(`${code(cut(path, 200))} ${trouble}`);
  }
  const last =
    place
      .split(/[/:]/)
      .filter((part) => part !== "" && part !== ".git")
      .at(-1) ?? "";
  const name = last
    .replace(/\.git$/, "")
    .replace(/[^\w.-]+/g, "-")
    .slice(0, 80);
  const { uid, gid, home } = ground.caller;
  return { name: name === "" ? "repository" : name, url, caller: { uid, gid, home, env: {} } };
}

/** The path that is meant, of a path or a file URL. */
function pathOf(url: string): string | undefined {
  if (url.startsWith("/")) return url;
  if (!url.startsWith("file://")) return undefined;
  try {
    return fileURLToPath(url);
  } catch {
    throw new Refusal(`${code(cut(url, 200))} names no file of this host. ${advice}`);
  }
}

/** The path on the other host. */
function parseRemote(url: string): string {
  if (/^[\w.-]+@[\w.-]+:\S+$/.test(url)) return url.slice(url.indexOf(":") + 1);
  const shown = code(cut(url, 200));
  if (!/^(https?|ssh|git):\/\/\S+$/.test(url)) {
    throw new Refusal(`${shown} is no repository that is known here. ${advice}`);
  }
  if (!URL.canParse(url)) throw new Refusal(`${shown} is no valid URL. ${advice}`);
  const { pathname, password, protocol } = new URL(url);
  if (password !== "" && protocol !== "ssh:") {
    throw new Refusal(
      "The URL holds a password, which everybody here would read. Leave it to git's credential helper.",
    );
  }
  if (/^\/*$/.test(pathname)) {
    throw new Refusal(`${shown} names a host and no repository on it. ${advice}`);
  }
  return pathname;
}
