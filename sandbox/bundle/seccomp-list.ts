import { readFile } from "node:fs/promises";
import { z } from "zod";
import { HostNotReadyError } from "../errors.ts";
import { capabilities } from "./privileges.ts";
import { renderSeccomp } from "./seccomp.ts";

const scope = z.object({
  caps: z.array(z.string()).optional(),
  arches: z.array(z.string()).optional(),
});
const arg = z.object({
  index: z.number(),
  value: z.number(),
  valueTwo: z.number().optional(),
  op: z.enum(["SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_MASKED_EQ"]),
});
const list = z.object({
  syscalls: z.array(
    z.object({
      names: z.array(z.string()),
      action: z.string(),
      errnoRet: z.number().optional(),
      args: z.array(arg).nullable().optional(),
      includes: scope,
      excludes: scope,
    }),
  ),
});

/** Where Debian's golang-github-containers-common puts the containers project's list. */
const listPath = "/usr/share/containers/seccomp.json";

const rendered = new Map<boolean, object>();

/** The filter for this host's architecture; read once. */
export async function readSeccomp(options: { readonly refuseSetId: boolean }): Promise<object> {
  const known = rendered.get(options.refuseSetId);
  if (known !== undefined) return known;
  const text = await readFile(listPath, "utf8").catch(() => {
    throw new HostNotReadyError(listPath, "apt-get install golang-github-containers-common");
  });
  const parsed = list.parse(JSON.parse(text));
  const filter = renderSeccomp(
    { syscalls: parsed.syscalls.map(({ args, ...rest }) => ({ ...rest, args: tidy(args) })) },
    { architecture: process.arch === "arm64" ? "arm64" : "amd64", capabilities, ...options },
  );
  rendered.set(options.refuseSetId, filter);
  return filter;
}

function tidy(args: z.infer<typeof arg>[] | null | undefined) {
  return (args ?? []).map(({ valueTwo, ...rest }) => ({
    ...rest,
    ...(valueTwo === undefined ? {} : { valueTwo }),
  }));
}
