/** Everything that the preview proxy says by itself. */
export interface PreviewAnswer {
  readonly status: number;
  readonly title: string;
  readonly sentence: string;
  /** The page looks again by itself. */
  readonly retrySeconds?: number;
}

export const answers = {
  noTask: {
    status: 404,
    title: "No preview here",
    sentence: "Open a preview by its link in the task's thread.",
  },
  notAllowed: {
    status: 403,
    title: "Open this preview from its thread",
    sentence:
      "Only who may see the task may see what it runs. This link has expired or was never opened from the thread: press the preview's link there again.",
  },
  otherOrigin: {
    status: 403,
    title: "Refused",
    sentence: "Another page tried to open a connection to this preview.",
  },
  asleep: {
    status: 503,
    title: "This sandbox is asleep",
    sentence:
      "It ended when its task did, or after being idle. Reply in the task's thread to wake it: the next run starts on the same files.",
  },
  closed: {
    status: 502,
    title: "Nothing answers on this port now",
    sentence:
      "The sandbox is there, but no server listens. It may be restarting: this page looks again every two seconds.",
    retrySeconds: 2,
  },
} as const satisfies Record<string, PreviewAnswer>;

/** The page, free of anything that came from outside. Pure. */
export function renderAnswer(answer: PreviewAnswer): string {
  const retry =
    answer.retrySeconds === undefined
      ? ""
      : `<meta http-equiv="refresh" content="${answer.retrySeconds}">`;
  return `<!doctype html><html lang="en"><meta charset="utf-8">${retry}
<meta name="viewport" content="width=device-width"><title>${answer.title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem;color:#1f2328;background:#fff}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}}h1{font-size:1.4rem}</style>
<h1>${answer.title}</h1><p>${answer.sentence}</p></html>
`;
}
