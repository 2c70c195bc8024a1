/** A step of a layer did not end well; the fields are for whoever tells a person. */
export class LayerStepError extends Error {
  override readonly name = "LayerStepError";
  readonly step: string;
  readonly command: string;
  /** null: by its time limit. */
  readonly exitCode: number | null;
  readonly output: string;
  readonly reason: "failed" | "timed-out" | "out-of-memory" | "sandbox-full" | "host-full";
  constructor(fields: Pick<LayerStepError, "step" | "command" | "exitCode" | "output" | "reason">) {
    super(`${fields.step}: ${fields.command}: ${fields.reason}`);
    this.step = fields.step;
    this.command = fields.command;
    this.exitCode = fields.exitCode;
    this.output = fields.output;
    this.reason = fields.reason;
  }
}
