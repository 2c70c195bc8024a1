import type { ArtifactRef, Change } from "../worker/protocol/change.ts";
import type { PlanEntry } from "../worker/protocol/task.ts";

/** How a task stands, as one small sign on a message or a card. */
export type Mark =
  | "received"
  | "queued"
  | "working"
  | "needs-you"
  | "ready"
  | "merging"
  | "merged"
  | "failed"
  | "stopped"
  | "discarded";

export type Tone = "plain" | "quiet" | "good" | "warn" | "bad";

/** What a button does when it is pressed; kept on our side, never sent to a platform. */
export type Deed =
  | { readonly kind: "merge"; readonly taskId: string; readonly tree: string }
  | { readonly kind: "diff"; readonly taskId: string; readonly tree: string }
  | { readonly kind: "discard" | "retry" | "stop" | "logs"; readonly taskId: string }
  | {
      readonly kind: "permission";
      readonly taskId: string;
      readonly requestId: string;
      readonly optionId: string;
    }
  | {
      readonly kind: "egress";
      readonly taskId: string;
      readonly host: string;
      readonly verdict: "allow" | "block";
      readonly scope: "once" | "task" | "repository";
    }
  | { readonly kind: "run"; readonly request: string; readonly message: string };

interface ButtonLook {
  readonly label: string;
  readonly style: "primary" | "plain" | "danger";
  /** A second press is wanted, after this question. */
  readonly confirm?: string;
}
/** A button as a platform gets it: the token is opaque and says nothing by itself. */
export interface Button extends ButtonLook {
  readonly token: string;
}
/** A button as replies write it. */
export interface DraftButton extends ButtonLook {
  readonly deed: Deed;
}

/** One tool call of the agent. */
export interface Step {
  readonly title: string;
  readonly status: "running" | "done" | "failed";
  readonly excerpt?: string;
  /** The whole output where the excerpt is not all of it. */
  readonly artifact?: ArtifactRef;
}

export interface Picture {
  readonly artifact: ArtifactRef;
  readonly alt: string;
  readonly caption: string;
}

/**
 * Parts of a post, as data; each platform draws them in its own way. Text from agents and
 * repositories is untrusted wherever it stands.
 */
export type Block<B> =
  | {
      readonly kind: "title";
      readonly text: string;
      readonly mark?: Mark;
      readonly note?: string;
      /** A running clock: `baseMs` so far, and counting since `sinceMs` when that is given. */
      readonly clock?: { readonly baseMs: number; readonly sinceMs?: number };
    }
  | { readonly kind: "text"; readonly markdown: string; readonly tone?: Tone }
  | {
      readonly kind: "fields";
      readonly fields: readonly {
        readonly label: string;
        readonly value: string;
        readonly mono?: boolean;
      }[];
    }
  | { readonly kind: "checklist"; readonly entries: readonly PlanEntry[] }
  | {
      readonly kind: "steps";
      readonly earlier: number;
      readonly steps: readonly Step[];
      /** Past matter: opened only by whoever wants to read it. */
      readonly folded?: true;
    }
  | {
      readonly kind: "excerpt";
      readonly title: string;
      readonly text: string;
      readonly tone?: Tone;
      readonly artifact?: ArtifactRef;
    }
  | {
      readonly kind: "changes";
      readonly files: Change["files"];
      readonly more: number;
      readonly added: number;
      readonly removed: number;
    }
  | { readonly kind: "diff"; readonly artifact: ArtifactRef }
  | { readonly kind: "buttons"; readonly buttons: readonly B[] }
  | { readonly kind: "link"; readonly label: string; readonly url: string; readonly note?: string }
  | { readonly kind: "pictures"; readonly pictures: readonly Picture[]; readonly small?: true }
  | { readonly kind: "file"; readonly label: string; readonly artifact: ArtifactRef }
  | { readonly kind: "footer"; readonly parts: readonly string[] };

interface PostOf<B> {
  /** The whole in one plain line or two: for notifications and screen readers. */
  readonly fallback: string;
  readonly blocks: readonly Block<B>[];
  /** Whom it calls: a platform names them so that they are notified. */
  readonly mention?: { readonly id: string; readonly name: string };
  /** Message that this line is about, for platforms that can lead there. */
  readonly about?: string;
}
/** A message as a platform gets it. */
export type Post = PostOf<Button>;
/** A message as `replies/` writes it; its buttons have no tokens yet. */
export type Draft = PostOf<DraftButton>;
