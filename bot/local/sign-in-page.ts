import type { Person } from "../../worker/protocol/task.ts";

/** What the GET of a sign-in link shows: following it by machine must not use it up. */
export function renderSignIn(token: string, person: Person): string {
  return shell(
    "Sign in · Colony",
    `<main class="door"><h1>Colony</h1>
<p>Sign in on this browser as</p>
<form method="post" action="/sign-in">
<input type="hidden" name="token" value="${escapeHtml(token)}">
<label>Your name<input name="name" value="${escapeHtml(person.name)}" autocomplete="name" required maxlength="100"></label>
<label>E-mail, for the commits that you ask for<input name="email" type="email" value="${escapeHtml(person.email ?? "")}" autocomplete="email" maxlength="200" placeholder="optional"></label>
<button class="button primary" autofocus>Sign in</button>
</form>
<p class="quiet">The link works once. It stays good for 15 minutes.</p></main>`,
  );
}

export function renderDoor(sentence: string): string {
  return shell(
    "Colony",
    `<main class="door"><h1>Colony</h1><p>${escapeHtml(sentence)}</p>
<p>Type <code>colony sign-in</code> in the terminal where Colony runs: it prints a fresh link.</p></main>`,
  );
}

export function renderPage(): string {
  return shell(
    "Colony",
    '<div id="page"><noscript>This page needs JavaScript.</noscript></div>',
    '<script type="module" src="/page.js"></script>',
  );
}

function shell(title: string, body: string, head = ""): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page.css">${head}</head>
<body>${body}</body></html>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
