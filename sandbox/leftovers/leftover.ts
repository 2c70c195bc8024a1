import type { Receipt } from "../spec.ts";

/** Something of ours without a living owner, as a person is told of it. */
export interface Leftover {
  readonly kind: "sandbox" | "files" | "workspace" | "folder" | "image" | "uid-range" | "loop";
  /** Id, path or number by which it is found again. */
  readonly name: string;
  readonly why: string;
}

/** What its removal gave back. */
export interface Removal {
  readonly bytes: number;
  /** Of a sandbox: what kernel and disk still have of it. */
  readonly receipt?: Receipt;
}

/** A leftover with the deed that removes it; doing it twice changes nothing. */
export interface FoundLeftover extends Leftover {
  remove(): Promise<Removal>;
}

/** What whoever knows the tasks says of a sandbox's id. */
export type Ownership =
  /** Somebody is at it, and looks after what an earlier one left. */
  | { readonly kind: "busy" }
  /** It may live; what is dead is ended, files stay. */
  | { readonly kind: "kept" }
  /** Nobody counts on its sandbox; its files stay. */
  | { readonly kind: "no-sandbox"; readonly why: string }
  /** Nothing of it is wanted any more. */
  | { readonly kind: "gone"; readonly why: string };

/** Answers for one id; without anybody who knows, everything is `kept`. */
export type OwnerOf = (id: string) => Promise<Ownership>;

/** Ids of sandboxes as they can be; other names in our folders are no sandboxes. */
export const sandboxIdPattern = /^[a-z0-9][a-z0-9-]{0,31}$/;
