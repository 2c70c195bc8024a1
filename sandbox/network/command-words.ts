const maxLength = 200;
/** Options of curl, wget and others whose value may be a password, a header or a body. */
const secretOption =
  /^(-[HubdFT]|--(header|user|cookie|data[a-z-]*|form|json|post-data|body-data|http-user|http-password|password|token|auth[a-z-]*|api-key|proxy-user|oauth2-bearer|referer|upload-file))$/;
const secretInline =
  /^(--(?:header|user|cookie|data[a-z-]*|form|json|post-data|body-data|http-password|password|token|auth[a-z-]*|api-key|proxy-user|oauth2-bearer|referer)=).*$/s;
const secretName = /(key|token|secret|passw(or)?d|auth|credential)/i;

/**
 * A command line for people to read: the ledger keeps no query string and no header, so neither may
 * stand in the command that sent it. Pure.
 */
export function renderCommand(argv: readonly string[]): string {
  const words: string[] = [];
  let hideNext = false;
  for (const argument of argv) {
    words.push(hideNext ? "…" : shown(argument));
    hideNext = !hideNext && secretOption.test(argument);
    if (words.length > 40) break;
  }
  const line = words
    .join(" ")
    .replace(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+/g, " ")
    .trim();
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1)}…`;
}

function shown(argument: string): string {
  const inline = argument.replace(secretInline, "$1…").replace(/^(-[Hub])\S.*$/s, "$1…");
  const [, name = "", rest = ""] = /^([A-Za-z_][A-Za-z0-9_-]{0,60})=(.*)$/s.exec(inline) ?? [];
  if (rest !== "" && secretName.test(name)) return `${name}=…`;
  const clean = inline
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@'"]*@/gi, "$1…@")
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s?'"#]*)[?#][^\s'"]*/gi, "$1?…");
  return /\s/.test(clean) ? withinText(clean) : clean;
}

/** The same within the text of a `sh -c`. */
function withinText(text: string): string {
  return text
    .replace(
      /(^|\s)(-H|-u|-b|-d|--header|--user|--cookie|--data\S*|--oauth2-bearer)[ =]+('[^']*'|"[^"]*"|\S+)/g,
      "$1$2 …",
    )
    .replace(
      /\b([A-Za-z_]*(?:key|token|secret|passwd|password)[A-Za-z_]*)=('[^']*'|"[^"]*"|\S+)/gi,
      "$1=…",
    );
}
