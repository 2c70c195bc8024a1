import { expect, test } from "vitest";
import { capabilities } from "../../../sandbox/bundle/privileges.ts";
import { renderSeccomp, type SeccompRule } from "../../../sandbox/bundle/seccomp.ts";

const list = {
  syscalls: [
    {
      names: ["read", "mount", "clone3", "chmod"],
      action: "SCMP_ACT_ALLOW",
      includes: {},
      excludes: {},
    },
    {
      names: ["bpf"],
      action: "SCMP_ACT_ALLOW",
      includes: { caps: ["CAP_SYS_ADMIN"] },
      excludes: {},
    },
    {
      names: ["chroot"],
      action: "SCMP_ACT_ALLOW",
      includes: { caps: ["CAP_SYS_CHROOT"] },
      excludes: {},
    },
    {
      names: ["chroot"],
      action: "SCMP_ACT_ERRNO",
      includes: {},
      excludes: { caps: ["CAP_SYS_CHROOT"] },
    },
    {
      names: ["arch_prctl"],
      action: "SCMP_ACT_ALLOW",
      includes: { arches: ["amd64"] },
      excludes: {},
    },
    {
      names: ["s390_runtime_instr"],
      action: "SCMP_ACT_ALLOW",
      includes: { arches: ["s390"] },
      excludes: {},
    },
  ],
};

function rules(refuseSetId: boolean): readonly SeccompRule[] {
  const host = { architecture: "amd64" as const, capabilities, refuseSetId };
  return (renderSeccomp(list, host) as { syscalls: SeccompRule[] }).syscalls;
}

function rulesOf(name: string, refuseSetId = false): readonly SeccompRule[] {
  return rules(refuseSetId).filter((rule) => rule.names.includes(name));
}

test("what the containers project allows and we do not is refused", () => {
  expect(rulesOf("mount")).toEqual([
    expect.objectContaining({ action: "SCMP_ACT_ERRNO", errnoRet: 1 }),
  ]);
  expect(rulesOf("clone3")).toEqual([
    expect.objectContaining({ action: "SCMP_ACT_ERRNO", errnoRet: 38 }),
  ]);
  expect(rulesOf("read").map((rule) => rule.action)).toEqual(["SCMP_ACT_ALLOW"]);
});

test("conditions on capabilities and architecture are decided", () => {
  expect(rulesOf("bpf").every((rule) => rule.action === "SCMP_ACT_ERRNO")).toBe(true);
  expect(rulesOf("chroot").map((rule) => rule.action)).toEqual(["SCMP_ACT_ALLOW"]);
  expect(rulesOf("arch_prctl")).toHaveLength(1);
  expect(rulesOf("s390_runtime_instr")).toHaveLength(0);
});

test("clone without namespaces, sockets of five kinds", () => {
  expect(rulesOf("clone")[0]?.args?.[0]).toMatchObject({ op: "SCMP_CMP_MASKED_EQ", valueTwo: 0 });
  const allowed = rulesOf("socket").filter((rule) => rule.action === "SCMP_ACT_ALLOW");
  expect(allowed.map((rule) => rule.args?.map((arg) => arg.value))).toEqual([
    [1],
    [2],
    [10],
    [16, 0],
    [16, 4],
  ]);
});

test("where setuid is refused no bare allow is left to win over it", () => {
  const bare = (refuseSetId: boolean) =>
    rulesOf("chmod", refuseSetId).filter(
      (rule) => rule.action === "SCMP_ACT_ALLOW" && rule.args === undefined,
    );
  expect(bare(false)).toHaveLength(1);
  expect(bare(true)).toHaveLength(0);
  expect(rulesOf("openat2", true)).toHaveLength(0);
});

test("every ioctl but two is allowed, also where the filter sees more bits than the kernel", () => {
  const ours = rulesOf("ioctl");
  const isAllowed = (number: bigint) =>
    ours.some(
      ({ action, args: [arg] = [] }) =>
        action === "SCMP_ACT_ALLOW" &&
        arg !== undefined &&
        (number & BigInt(arg.value)) === BigInt(arg.valueTwo ?? 0),
    );
  const refused = (high: bigint) =>
    [...Array(0x1_0000).keys()].filter((low) => !isAllowed((high << 16n) | BigInt(low)));
  expect(refused(0n)).toEqual([0x5412, 0x541c]);
  expect(refused(0x1_0000n)).toEqual([0x5412, 0x541c]);
  for (const high of [1n, 0x4004n, 0x8000n, 0xffffn]) expect(refused(high)).toEqual([]);
});
