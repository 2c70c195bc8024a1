import type { Invitation } from "../../worker/protocol/sign-in.ts";

/** What the GET of a sign-in link shows: following it by machine must not use it up. */
export function renderSignIn(token: string, invitation: Invitation, trouble = ""): string {
  const { person, role } = invitation;
  const email = person.email ?? "";
  return shell(
    "Sign in · Colony",
    `<main class="door"><h1>Colony</h1>
<p>${welcomeOf(invitation)}</p>
${trouble === "" ? "" : `<p class="tone-bad" role="alert">${escapeHtml(trouble)}</p>`}
<form method="post" action="/sign-in">
<input type="hidden" name="token" value="${escapeHtml(token)}">
${role === "admin" ? nameField(person.name) : ""}
<label>E-mail, for the commits that you ask for<input name="email" type="email" value="${escapeHtml(email)}" autocomplete="email" maxlength="100" placeholder="optional"></label>
<button class="button primary"${person.name === undefined ? "" : " autofocus"}>Sign in</button>
</form>
<p class="quiet">The link works once. It stays good for 15 minutes.</p></main>`,
  );
}

function welcomeOf({ person, role }: Invitation): string {
  if (role === "admin") return "Sign in on this browser as";
  return `Sign in on this browser as <strong>${escapeHtml(person.name ?? "")}</strong>. You can run tasks and decide on them; on tasks of others their askers decide, and administrators.`;
}

function nameField(name: string | undefined): string {
  const start = name === undefined ? " autofocus" : ` value="${escapeHtml(name)}"`;
  return `<label>Your name<input name="name"${start} autocomplete="name" required maxlength="100" placeholder="as the others shall see it"></label>`;
}

export function renderDoor(sentence: string): string {
  return shell(
    "Colony",
    `<main class="door"><h1>Colony</h1><p>${escapeHtml(sentence)}</p>
<p>In the terminal where Colony was started, <code>npm run -s colony -- sign-in</code> prints a fresh link; a member gets one from an administrator.</p></main>`,
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
