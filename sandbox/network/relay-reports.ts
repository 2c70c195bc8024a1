import type { CommandsInside } from "./commands-inside.ts";
import type { EgressBook } from "./egress-book.ts";
import type { RelayReport } from "./egress-protocol.ts";
import type { Ledger } from "./ledger.ts";

/** Writes down what the relay says; it is the sandbox's side, so all of it is hearsay. */
export function openReports(parts: {
  readonly ledger: Ledger;
  readonly book: EgressBook;
  readonly commands: CommandsInside;
  readonly onDialled: (open: number) => void;
}): (report: RelayReport) => void {
  const { ledger, book, commands } = parts;
  async function refused(report: Extract<RelayReport, { report: "refused" }>): Promise<void> {
    const { kind, name: host, port, sentence: reason, ends } = report;
    const command = ends === undefined ? undefined : await commands.find(ends, "refused");
    const by = command === undefined ? {} : { command };
    ledger.write({ kind, host, port, decision: "refused", rule: "not its name", reason, ...by });
    if (host !== "") book.refuse({ host, port, sentence: reason, askable: false, ...by });
  }
  return (report) => {
    switch (report.report) {
      case "listening":
        return;
      case "ready":
        // A relay that was started again has nobody of before.
        return parts.onDialled(0);
      case "dialled":
        return parts.onDialled(report.open);
      case "dns": {
        const { name: host, type: method, answered } = report;
        const decision = answered ? "answered" : "refused";
        const why = answered ? {} : { rule: "no host name", reason: "it is no host name" };
        return ledger.write({ kind: "dns", host, port: 53, method, decision, ...why });
      }
      case "request": {
        const { report: kind, name: host, client, ...rest } = report;
        const command = commands.known(client);
        const by = command === undefined ? {} : { command };
        return ledger.write({ kind, host, decision: "allowed", ...rest, ...by });
      }
      case "refused":
        return void refused(report).catch(() => undefined);
    }
  };
}
