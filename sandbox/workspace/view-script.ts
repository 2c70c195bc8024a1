import type { LowerFiles } from "../layers/layer.ts";

/** Exit code of the script when the program was not reached; none of jj's. */
export const setUpFailed = 125;

/** What the small root of one jj command is made of. */
export interface ViewPlan {
  /** Empty folder of the host to build in. */
  readonly root: string;
  /** Where `renderMounts` was written. */
  readonly fstab: string;
  readonly files:
    | { readonly kind: "live"; readonly merged: string }
    | { readonly kind: "folder"; readonly path: string }
    | {
        readonly kind: "overlay";
        readonly lower: string;
        readonly upperParent: string;
        /** What set-up left below: a folder that was moved still has its files there. */
        readonly below?: LowerFiles | undefined;
      };
  /** Store, home and configuration: bound at their own path. */
  readonly repository: string;
  /** Where jj sees the merged files. */
  readonly tree: string;
  readonly jjFolder: string | undefined;
  readonly toolPrefix: string | undefined;
  readonly owner: { readonly uid: number; readonly gid: number };
  /** First uid of the range. */
  readonly base: number;
  readonly tools: { readonly mount: string; readonly unshare: string; readonly setpriv: string };
}

/**
 * The script that runs one program (its own arguments) on a workspace's merged files: in a small
 * read-only root, in a user namespace of the sandbox's range. It is started in a fresh private mount
 * namespace. All mounts but one are a single command, for the sandbox is frozen meanwhile.
 */
export function renderViewScript(plan: ViewPlan): string {
  const { tools, base, root } = plan;
  const range = `0:${base}:65536`;
  return `set -eu
trap 'exit ${setUpFailed}' EXIT
${tools.mount} -n --all --fstab ${quote(plan.fstab)}
cd ${quote(root)}/new
ln -s usr/bin usr/lib usr/lib64 .
: > dev/null
${tools.mount} -n --bind /dev/null dev/null
exec ${tools.unshare} --user --map-users=${range} --map-groups=${range} --setuid 0 --setgid 0 \\
  --root ${quote(`${root}/new`)} --wd ${quote(plan.tree)} \\
  ${tools.setpriv} --clear-groups --no-new-privs --inh-caps=-all \\
  --bounding-set=-all,+dac_override,+dac_read_search "$@"
`;
}

/** The mounts in their order, as an fstab. */
export function renderMounts(plan: ViewPlan): string {
  const { root, files, repository, tree, jjFolder, toolPrefix, owner, base } = plan;
  const idmap = `X-mount.idmap=u:${owner.uid}:${base}:1 g:${owner.gid}:${base}:1`;
  const fresh = "X-mount.mkdir=0755";
  const safe = "nosuid,nodev";
  const merged = `${root}/merged`;
  const lines = [["tmpfs", root, "tmpfs", "mode=0700,size=4m"]];
  switch (files.kind) {
    case "live":
      lines.push([files.merged, merged, "none", `bind,${fresh}`]);
      break;
    case "folder":
      lines.push([files.path, merged, "none", `bind,${safe},${fresh},${idmap}`]);
      break;
    case "overlay": {
      const { below } = files;
      const lower = `${root}/lower${below === undefined ? "" : `:${root}/below`}`;
      const layers = `lowerdir=${lower},upperdir=${root}/files/upper,workdir=${root}/files/work`;
      lines.push(
        [files.lower, `${root}/lower`, "none", `bind,ro,${safe},${fresh},${idmap}`],
        ...(below === undefined ? [] : [belowLine(below)]),
        [files.upperParent, `${root}/files`, "none", `bind,${fresh}`],
        ["overlay", merged, "overlay", `${safe},redirect_dir=on,${fresh},${layers}`],
      );
    }
  }
  function belowLine({ path, uidBase }: LowerFiles): string[] {
    const range = `X-mount.idmap=b:${uidBase}:${base}:65536`;
    return [path, `${root}/below`, "none", `bind,ro,${safe},${fresh},${range}`];
  }
  // The new root: system programs, tools, the store, this workspace; nothing else of the host.
  const top = `${root}/new`;
  lines.push(
    ["tmpfs", top, "tmpfs", `mode=0755,size=1m,${fresh}`],
    ["/usr", `${top}/usr`, "none", `bind,ro,${safe},${fresh}`],
    ["tmpfs", `${top}/dev`, "tmpfs", `mode=0755,size=4k,${fresh}`],
    [repository, top + repository, "none", `bind,${safe},noexec,${fresh},${idmap}`],
    [merged, top + tree, "none", `bind,${fresh}`],
  );
  if (toolPrefix !== undefined) {
    lines.push([toolPrefix, top + toolPrefix, "none", `bind,ro,${safe},${fresh}`]);
  }
  if (jjFolder !== undefined) {
    lines.push([jjFolder, `${top + tree}/.jj`, "none", `bind,${safe},noexec,${idmap}`]);
  }
  return lines.map((fields) => `${fields.map(escapeField).join(" ")} 0 0\n`).join("");
}

function escapeField(text: string): string {
  return text.replace(/[\\\s#]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

/** One word for the shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
