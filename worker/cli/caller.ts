import { runCommand } from "../../sandbox/command.ts";
import { hostPath } from "../process/host-path.ts";
import { readSystemUser } from "../process/system-user.ts";
import type { Person, Repository } from "../protocol/task.ts";
import { cleanLine } from "./show/clean-text.ts";

export type Caller = Repository["caller"];
export type Environment = Readonly<Record<string, string | undefined>>;

/** What git and ssh need of the calling person's environment; nothing else is passed on. */
const passedOn =
  /^(SSH_AUTH_SOCK|SSH_ASKPASS|SSH_ASKPASS_REQUIRE|DISPLAY|GIT_SSH|GIT_SSH_COMMAND|GIT_ASKPASS|GIT_CONFIG_\w+|GIT_SSL_\w+|GIT_PROXY_COMMAND|XDG_CONFIG_HOME|SSL_CERT_FILE|SSL_CERT_DIR|CURL_CA_BUNDLE|LANG|LC_ALL|(?:https?|all|no)_proxy)$/i;

/** The person behind the command: under sudo the one who called it, whose keys are meant. */
export async function readCaller(environment: Environment): Promise<Caller & { name: string }> {
  const ownUid = process.getuid?.() ?? 0;
  const sudoUid = Number(environment.SUDO_UID ?? "");
  const isSudo = ownUid === 0 && Number.isInteger(sudoUid) && sudoUid > 0;
  const uid = isSudo ? sudoUid : ownUid;
  const user = await readSystemUser(uid);
  const home = (isSudo ? user?.home : (environment.HOME ?? user?.home)) ?? "/";
  return {
    uid,
    gid: isSudo ? Number(environment.SUDO_GID ?? user?.gid ?? uid) : (process.getgid?.() ?? uid),
    home,
    name: (isSudo ? environment.SUDO_USER : user?.name) ?? `uid-${uid}`,
    env: decidePassedOn(environment),
  };
}

/** Pure: the variables that git transport may see. */
export function decidePassedOn(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && passedOn.test(entry[0]),
    ),
  );
}

/** The caller as requester and author: named as their git configuration has it. */
export async function readPerson(caller: Caller & { name: string }): Promise<Person> {
  const [name, email] = await Promise.all([
    gitSetting(caller, "user.name"),
    gitSetting(caller, "user.email"),
  ]);
  return {
    id: `local:${caller.name}`.slice(0, 200),
    name: cleanLine(name === "" ? caller.name : name, 200),
    ...(email === "" || email.length > 320 ? {} : { email: cleanLine(email, 320) }),
  };
}

async function gitSetting(caller: Caller, key: string): Promise<string> {
  const asCaller = process.getuid?.() === 0 ? { uid: caller.uid, gid: caller.gid } : {};
  const result = await runCommand({
    argv: ["git", "config", "--get", key],
    env: { ...caller.env, PATH: hostPath, HOME: caller.home },
    ...asCaller,
    timeoutMs: 10_000,
    maxOutputBytes: 4_096,
  }).catch(() => undefined);
  return result?.exitCode === 0 ? result.stdout.toString("utf8").trim() : "";
}
