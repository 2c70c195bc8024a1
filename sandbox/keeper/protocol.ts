import type { EgressRule, Exit, ProcessSpec } from "../spec.ts";
import type { WorkspaceMount } from "../workspace.ts";

/**
 * Client and keeper talk in lines of JSON over a socket that only root may open. Types only: the
 * keeper must not load a schema library; `answers.ts` checks what a client receives.
 */
export type KeeperRequest =
  | { readonly op: "start"; readonly process: ProcessSpec }
  | { readonly op: "find"; readonly name: string }
  | { readonly op: "write"; readonly name: string; readonly base64: string }
  | { readonly op: "closeInput"; readonly name: string }
  | {
      readonly op: "resize";
      readonly name: string;
      readonly columns: number;
      readonly rows: number;
    }
  | { readonly op: "kill"; readonly name: string; readonly signal: NodeJS.Signals }
  /** Mounts what the client wrote down (`workspaceFstab`); a second time changes nothing. */
  | { readonly op: "attach"; readonly workspace: WorkspaceMount }
  | { readonly op: "freeze" }
  | { readonly op: "thaw" }
  /** Nothing moves inside until somebody wants something of it, or asks to wake it. */
  | { readonly op: "sleep" }
  | { readonly op: "wake" }
  | { readonly op: "ports" }
  /** What people have decided about hosts by now, all of it. */
  | { readonly op: "egress"; readonly rules: readonly EgressRule[] }
  /** The sandbox ends when this connection does. */
  | { readonly op: "bind" }
  /** Kills the sandbox, writes what is known of its end; the caller then removes the keeper. */
  | { readonly op: "end" };

export type NumberedRequest = KeeperRequest & { readonly id: number };

/** State of one spooled process. */
export interface ProcessState {
  readonly name: string;
  readonly size: number;
  readonly exit?: Exit;
}

export type KeeperAnswer =
  | {
      readonly id: number;
      readonly ok: true;
      readonly process?: ProcessState | null;
      readonly ports?: readonly number[];
    }
  | { readonly id: number; readonly ok: false; readonly reason: string };

/** Unasked lines, to every connection. */
export type KeeperEvent =
  | { readonly event: "output"; readonly name: string; readonly size: number }
  | { readonly event: "exit"; readonly name: string; readonly exit: Exit; readonly size: number }
  | { readonly event: "ports"; readonly ports: readonly number[] }
  /** The sandbox ends without having been asked to. */
  | { readonly event: "stopped"; readonly reason: "disk-full" | "init-died" };

/** Longest line that either side takes: a write is split by the client. */
export const maxLineBytes = 1024 * 1024;

/** Terminals of people: while one is open the sandbox does not sleep. */
export const personPrefix = "person-";

/** Names of processes become file names. */
export const processNamePattern = /^[a-z0-9][a-z0-9-]{0,63}$/;
