/** Accounts of the system (uid below 1000, and nobody): never a person's. */
export function renderAccounts(passwd: string, group: string): Record<string, string> {
  const users = passwd.split("\n").filter((line) => isSystemId(line.split(":")[2]));
  const groups = group.split("\n").filter((line) => isSystemId(line.split(":")[2]));
  const plainUsers = users.map((line) => {
    const [name, , uid, gid, , home, shell] = line.split(":");
    return [name, "x", uid, gid, "", home, shell].join(":");
  });
  // Members of a group are people; names of groups are not.
  const plainGroups = groups.map((line) => {
    const [name, , gid] = line.split(":");
    return [name, "x", gid, ""].join(":");
  });
  return {
    passwd: lines(plainUsers),
    group: lines(plainGroups),
    shadow: lines(plainUsers.map((line) => `${line.split(":")[0]}:*:19000:0:99999:7:::`)),
    gshadow: lines(plainGroups.map((line) => `${line.split(":")[0]}:*::`)),
    hosts: "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n",
    hostname: "sandbox\n",
    "resolv.conf": "nameserver 127.0.0.1\n",
    "machine-id": "",
    subuid: "",
    subgid: "",
    fstab: "",
  };
}

function isSystemId(id: string | undefined): boolean {
  const number = Number(id);
  return id !== undefined && id !== "" && (number < 1000 || number === 65_534);
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}
