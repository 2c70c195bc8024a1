/** The keeper died, and with it what it held: terminals and pipes. Files are still there. */
export class KeeperLostError extends Error {
  override readonly name = "KeeperLostError";
  readonly sandboxId: string;
  constructor(sandboxId: string, options?: ErrorOptions) {
    super(`The keeper of sandbox ${sandboxId} is gone.`, options);
    this.sandboxId = sandboxId;
  }
}

/** The sandbox could not be made; the message says which step failed and how. */
export class SandboxStartError extends Error {
  override readonly name = "SandboxStartError";
  readonly kind = "sandbox-start";
  readonly sandboxId: string;
  readonly step: string;
  constructor(sandboxId: string, step: string, words: string, options?: ErrorOptions) {
    super(`Starting sandbox ${sandboxId}, ${step}: ${words}`, options);
    this.sandboxId = sandboxId;
    this.step = step;
  }
}

/** Sandboxes are overlays, and the state folder's file system carries none. */
export class UnfitFolderError extends Error {
  override readonly name = "UnfitFolderError";
  readonly kind = "host";
  readonly home: string;
  constructor(home: string, options?: ErrorOptions) {
    super(
      `The state folder ${home} lies on a file system that cannot carry an overlay; choose another with --home, on ext4, xfs or btrfs. \`colony doctor\` tries it.`,
      options,
    );
    this.home = home;
  }
}

/** Somebody already keeps a sandbox of this id: adopt it or close it first. */
export class SandboxExistsError extends Error {
  override readonly name = "SandboxExistsError";
  readonly sandboxId: string;
  constructor(sandboxId: string) {
    super(`Sandbox ${sandboxId} is already open.`);
    this.sandboxId = sandboxId;
  }
}

/** The keeper refused a request. */
export class KeeperRefusedError extends Error {
  override readonly name = "KeeperRefusedError";
  readonly sandboxId: string;
  readonly operation: string;
  constructor(sandboxId: string, operation: string, reason: string) {
    super(`Sandbox ${sandboxId} refused "${operation}": ${reason}`);
    this.sandboxId = sandboxId;
    this.operation = operation;
  }
}

/** This host lacks something that a sandbox needs; the message names what mends it. */
export class HostNotReadyError extends Error {
  override readonly name = "HostNotReadyError";
  readonly kind = "host";
  readonly missing: string;
  constructor(missing: string, remedy: string) {
    super(`${missing} is missing on this host: ${remedy}`);
    this.missing = missing;
  }
}
