/** What `colony` exits with. Documented in `colony --help` and README. */
export const exitCodes = {
  ok: 0,
  /** The task failed, was stopped, or what was asked cannot be done to it now. */
  refused: 1,
  usage: 2,
  /** This host or its settings: something is missing, taken or broken. */
  host: 3,
  conflict: 4,
  interrupted: 130,
} as const;

export const exitCodesHelp = `
Exit codes:
  0    done: the change awaits its merge, or has landed
  1    the task failed or was stopped, or it cannot be done now
  2    wrong usage
  3    this host: something is missing, taken or broken (see colony doctor)
  4    the change conflicts with its base
  130  interrupted
  colony sandbox run exits with its command's own code`;

/** Ends the command with one sentence on stderr and this code. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;
  constructor(exitCode: number, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.exitCode = exitCode;
  }
}
