/** One thing that is wrong with a settings file. */
export interface SettingsProblem {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Such as `limits.memory`; empty for the whole file. */
  readonly key: string;
  /** A whole sentence without its place. */
  readonly sentence: string;
  /** The known name that was probably meant. */
  readonly nearest?: string;
}

const mostTold = 5;

/** A settings file that cannot be used; the message is for the person who wrote it. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly kind = "settings";
  readonly file: string;
  readonly problems: readonly SettingsProblem[];
  constructor(file: string, problems: readonly SettingsProblem[], options?: ErrorOptions) {
    const told = problems
      .slice(0, mostTold)
      .map(({ line, sentence }) => (line === 0 ? sentence : `Line ${line}: ${sentence}`));
    const more = problems.length - told.length;
    super(
      `\`${file}\` cannot be used. ${told.join(" ")}${more > 0 ? ` (${more} more.)` : ""}`,
      options,
    );
    this.file = file;
    this.problems = problems;
  }
}
