import type { LoggedEvent } from "../../worker/protocol/events.ts";
import { cleanLines } from "./wording.ts";

/** What an agent that speaks in messages said and ran, as a terminal would have shown it. */
export function renderTranscript(events: readonly LoggedEvent[]): readonly string[] {
  return events.flatMap(({ event }) => {
    switch (event.type) {
      case "prompt.sent":
        return block(`> ${event.text.split("\n").join("\n> ")}`);
      case "agent.said":
        return block(event.text);
      case "agent.tool": {
        if (event.status === "running") return [];
        const how = event.status === "failed" ? `failed${exitWords(event.exitCode)}` : "";
        const head = `$ ${event.command ?? event.title}`;
        return block([head, event.excerpt ?? "", how].filter((part) => part !== "").join("\n"));
      }
      default:
        return [];
    }
  });
}

function block(text: string): string[] {
  return [...cleanLines(text).trimEnd().split("\n"), ""];
}

function exitWords(exitCode: number | null | undefined): string {
  return typeof exitCode === "number" ? ` with exit code ${exitCode}` : "";
}
