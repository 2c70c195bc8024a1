import {
  adoptSandbox,
  forgetSandbox,
  openSandbox,
  type Sandbox,
  type SandboxOptions,
  type SandboxSpec,
} from "../../sandbox/sandbox.ts";
import type { RunContext } from "../runs/run-context.ts";
import { isSameShape, noteOpen, shapeOf } from "./spare.ts";
import { forgetSpare, noteUse, readSpare, readUse } from "./spare-books.ts";

type PoolContext = Pick<RunContext, "redis" | "config">;

/**
 * The sandbox of a task: the one that the pool made under its id, where it is of the wanted shape,
 * or a new one. A sandbox that an earlier driver of the task opened is found and used.
 */
export async function openTaskSandbox(
  { redis, config }: PoolContext,
  spec: SandboxSpec,
  url: string,
  options: SandboxOptions,
): Promise<Sandbox> {
  const { folder, host } = config;
  const shape = shapeOf(spec);
  await noteUse(redis, host, url, noteOpen(await readUse(redis, host, url), shape, Date.now()));
  const spare = await readSpare(redis, host, spec.id);
  const found = await adoptSandbox(folder, spec.id);
  if (found !== undefined && (spare === undefined || isSameShape(spare.shape, shape))) {
    await forgetSpare(redis, host, spec.id);
    return found;
  }
  await found?.[Symbol.asyncDispose]();
  // With its files: they stand on another image and other layers, and nobody has used them.
  if (found !== undefined || spare !== undefined) await forgetSandbox(folder, spec.id);
  await forgetSpare(redis, host, spec.id);
  return openSandbox(folder, spec, options);
}
