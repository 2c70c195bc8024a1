import { parse, sep } from "node:path";

/** Largest new file that a snapshot takes in. */
export const maxNewFileBytes = 10 * 1024 * 1024;

/** jj's whole configuration: nobody's own is read (`JJ_CONFIG`). */
export function renderJjConfig(git: string): string {
  if (parse(git).root !== sep) throw new Error(`git must be an absolute path: ${git}`);
  return `
[user]
name = "Colony"
email = "colony@localhost"

[operation]
hostname = "colony"
username = "colony"

[ui]
paginate = "never"
editor = "false"
# What agents and editors know best; the snapshot understands every style.
conflict-marker-style = "git"

[git]
executable-path = ${JSON.stringify(git)}
# A forced push outside must not take the changes built on the old base with it.
abandon-unreachable-commits = false
write-change-id-header = true

[snapshot]
auto-track = "all()"
max-new-file-size = ${maxNewFileBytes}

[merge]
hunk-level = "word"

[fsmonitor]
backend = "none"

[signing]
behavior = "drop"

[revset-aliases]
"trunk()" = "root()"
"immutable_heads()" = "remote_bookmarks()"
`;
}
