/** Set-up talks on stderr only: stdout belongs to the command that runs after it. */

/** A failure that a person can act on: the message is the whole sentence, without a stack. */
export class SetupError extends Error {
  name = "SetupError";
}

export function say(text) {
  process.stderr.write(`colony set-up: ${text}\n`);
}

/** Formats a duration for people: 0.4 s, 12 s, 3 min 5 s. */
export function renderDuration(ms) {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * Does a slow piece of work, telling what, why, that it goes on, and how long it took. The work
 * gets a function to which it may give its latest line of output.
 */
export async function step(what, why, work) {
  const startMs = Date.now();
  say(`${what} (${why}) …`);
  let lastLine = "";
  const beat = setInterval(() => {
    const now = lastLine ? `: ${lastLine}` : "";
    say(`  ${renderDuration(Date.now() - startMs)} so far${now}`);
  }, 10_000);
  try {
    const result = await work((line) => {
      lastLine = line.slice(0, 100);
    });
    say(`  done in ${renderDuration(Date.now() - startMs)}`);
    return result;
  } finally {
    clearInterval(beat);
  }
}
