import { allFolders, type CgroupLayout } from "../cgroups/layout.ts";
import { keeperMounts, mountsFolder, type SandboxPaths } from "../keeper-paths.ts";
import type { LowerFiles } from "../layers/layer.ts";
import type { SandboxSpec } from "../spec.ts";
import type { WorkspaceMount } from "../workspace.ts";

/** What the mounts of a keeper depend on. */
export interface MountPlan {
  readonly imagePath: string;
  /** Layers above the image, the topmost first. */
  readonly layers?: readonly LowerFiles[];
  /** Checked downloads, below the image: a tree of root's. */
  readonly downloads?: string | undefined;
  /** What set-up left in the workspace's ignored files. */
  readonly belowWorkspace?: LowerFiles | undefined;
  readonly uidBase: number;
  readonly paths: Pick<SandboxPaths, "rootUpper" | "rootWork">;
  readonly workspace?: WorkspaceMount;
  /** It comes while the sandbox runs: see `renderWorkspaceFstab`. */
  readonly workspaceLater?: true;
  /** A v2 mount beside v1: crun takes such a host for a broken one while it sees a controller. */
  readonly hybridMount?: string | undefined;
}

/** One line of an fstab; all of it is mounted by one `mount --all`, in this order. */
export function renderFstab(plan: MountPlan): string {
  const { image, root, box, terminals } = keeperMounts;
  const devpts = [
    `uid=${plan.uidBase}`,
    `gid=${plan.uidBase + ttyGroup}`,
    "mode=0620",
    "ptmxmode=0666",
    // The host has some thousand for all.
    `max=${maxTerminals}`,
  ];
  const all = idmap("b", 0, plan.uidBase, 65_536);
  const layers = plan.layers ?? [];
  const downloads = plan.downloads === undefined ? [] : [plan.downloads];
  const lines = [
    line("tmpfs", mountsFolder, "tmpfs", ["mode=0711", "size=1m", "nosuid", "nodev", "noexec"]),
    line(plan.imagePath, image, "none", ["bind", "ro", "nosuid", "nodev", makeFolder, all]),
    ...layers.map((files, index) => layerLine(files, keeperMounts.layer(index), plan.uidBase)),
    ...downloads.map((path) =>
      layerLine({ path, uidBase: 0 }, keeperMounts.downloads, plan.uidBase),
    ),
    overlay(
      root,
      [
        ...layers.map((_, index) => keeperMounts.layer(index)),
        image,
        ...downloads.map(() => keeperMounts.downloads),
      ].join(":"),
      plan.paths.rootUpper,
      plan.paths.rootWork,
    ),
    // Terminals that we open for the sandbox are the sandbox's: their names are good inside.
    line("devpts", terminals, "devpts", ["nosuid", "noexec", makeFolder, ...devpts]),
    line(terminals, "/dev/pts", "none", ["bind", "nosuid", "noexec"]),
  ];
  if (plan.hybridMount !== undefined) {
    lines.push(line("tmpfs", plan.hybridMount, "tmpfs", ["size=1m", "mode=0755"]));
  }
  if (plan.workspace !== undefined || plan.workspaceLater) {
    lines.push(
      line("tmpfs", box, "tmpfs", [
        "shared",
        "mode=0755",
        "size=4k",
        "nosuid",
        "nodev",
        makeFolder,
      ]),
    );
  }
  if (plan.workspace !== undefined) {
    lines.push(...workspaceLines(plan.workspace, plan.uidBase, plan.belowWorkspace));
  }
  return `${lines.join("\n")}\n`;
}

/** The mounts of a workspace that comes while its sandbox runs. */
export function renderWorkspaceFstab(
  workspace: WorkspaceMount,
  uidBase: number,
  below?: LowerFiles,
): string {
  return `${workspaceLines(workspace, uidBase, below).join("\n")}\n`;
}

function workspaceLines(
  files: WorkspaceMount,
  uidBase: number,
  below: LowerFiles | undefined,
): string[] {
  const { lower, workspace, box, belowWorkspace } = keeperMounts;
  const owner = [
    idmap("u", files.ownerUid, uidBase, 1),
    idmap("g", files.ownerGid, uidBase, 1).replace("X-mount.idmap=", ""),
  ].join(" ");
  const safe = ["nosuid", "nodev", makeFolder];
  const own =
    files.kind === "folder"
      ? [line(files.path, workspace, "none", ["bind", "rw", ...safe, owner])]
      : [
          line(files.lower, lower, "none", ["bind", "ro", ...safe, owner]),
          ...(below === undefined ? [] : [layerLine(below, belowWorkspace, uidBase)]),
          overlay(
            workspace,
            // The commit's own files win, so that no layer can look like a change.
            below === undefined ? lower : `${lower}:${belowWorkspace}`,
            `${files.upperParent}/upper`,
            `${files.upperParent}/work`,
          ),
        ];
  const shown = line(workspace, box, "none", ["bind", "nosuid", "nodev"]);
  if (files.jjFolder === undefined) return [...own, shown];
  // Removing, moving, unmounting and writing it are all refused inside.
  const cover = ["ro", "mode=000", "size=4k", "nosuid", "nodev", "noexec"];
  return [...own, shown, line("tmpfs", `${box}/.jj`, "tmpfs", cover)];
}

/** Debian's group `tty`. */
const ttyGroup = 5;
const maxTerminals = 256;
const makeFolder = "X-mount.mkdir=0755";

/** Files of another range, as if they were this one's. */
function layerLine(files: LowerFiles, target: string, uidBase: number): string {
  const range = idmap("b", files.uidBase, uidBase, 65_536);
  return line(files.path, target, "none", ["bind", "ro", "nosuid", "nodev", makeFolder, range]);
}

function idmap(type: "u" | "g" | "b", from: number, to: number, count: number): string {
  return `X-mount.idmap=${type}:${from}:${to}:${count}`;
}

function overlay(target: string, lower: string, upper: string, work: string): string {
  const options = [`lowerdir=${lower}`, `upperdir=${upper}`, `workdir=${work}`];
  return line("overlay", target, "overlay", [
    ...options,
    ...["redirect_dir=on", "nosuid", "nodev", makeFolder],
  ]);
}

function line(source: string, target: string, type: string, options: readonly string[]): string {
  return [source, target, type, options.join(",")].map(escapeField).join(" ").concat(" 0 0");
}

function escapeField(text: string): string {
  return text.replace(/[\\\s#]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

/** What the launch script runs. */
export interface LaunchPlan {
  readonly spec: Pick<SandboxSpec, "id">;
  readonly paths: SandboxPaths;
  readonly layout: CgroupLayout;
  readonly keeperGroup: string;
  readonly tools: { readonly mount: string; readonly crun: string };
}

/**
 * The shell script that becomes keeper and sandbox, run in a fresh mount namespace: mounts and the
 * runtime's start go on while Node starts, and tell the keeper through its standard input how they
 * went. `started` is the last line when all went well.
 */
export function renderLaunchScript(plan: LaunchPlan, keeperArgv: readonly string[]): string {
  const join = allFolders(plan.layout, plan.keeperGroup).map(
    (folder) => `echo $$ > ${quote(`${folder}/cgroup.procs`)}`,
  );
  const keeper = keeperArgv.map(quote).join(" ");
  return [...join, "cd /", `( ${renderSteps(plan)} ) 2>&1 | exec ${keeper} &`].join("\n");
}

/** The steps alone, for a keeper that runs them itself. */
export function renderSteps(plan: LaunchPlan): string {
  const { paths, tools } = plan;
  const crun = [
    ...[tools.crun, "--root", quote(paths.runtimeState), "--log", quote(paths.runtimeLog)],
    ...["run", "--detach", "--bundle", quote(paths.bundle), "--pid-file", quote(paths.pidFile)],
    // An empty pipe (a shell's here-document): old crun chowns what it is given, a file would grow.
    ...[plan.spec.id, "0<<'END'", ">&0", "2>&0"],
  ];
  const failed = `{ cat ${quote(paths.runtimeLog)}; exit 1; }`;
  const steps = [
    "set -e",
    "exec 2>&1 3>&-",
    "echo mounting",
    `${tools.mount} -n --all --fstab ${quote(paths.fstab)}`,
    "echo starting the runtime",
    // With a log file it says nothing elsewhere.
    `${crun.join(" ")} || ${failed}\nEND`,
    "echo started",
  ];
  return steps.join("\n");
}

/** One word for the shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
