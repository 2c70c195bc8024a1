import { z } from "zod";

export const permissionKindSchema = z.enum([
  "allow_once",
  "allow_always",
  "reject_once",
  "reject_always",
]);
export type PermissionKind = z.infer<typeof permissionKindSchema>;

/** The agent asks mid-run. Options are shown by kind, in this order, with the agent's own names. */
export const permissionRequestSchema = z.object({
  requestId: z.string(),
  title: z.string(),
  /** What it is about, such as the command; untrusted. */
  detail: z.string().optional(),
  options: z.array(z.object({ id: z.string(), name: z.string(), kind: permissionKindSchema })),
});
export type PermissionRequest = z.infer<typeof permissionRequestSchema>;
