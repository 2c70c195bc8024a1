import { readFileSync } from "node:fs";

const html = readFileSync("index.html", "utf8");
const css = readFileSync("style.css", "utf8");
const marker = /^[ \t]*(<{7}|={7}|>{7}|\|{7})( |$)/m;
const opened = (name) => html.split(new RegExp(`<${name}[\\s>]`)).length - 1;
const closed = (name) => html.split(`</${name}>`).length - 1;

const checks = [
  ["no conflict markers are left", !marker.test(html) && !marker.test(css)],
  ["the page has exactly one headline", opened("h1") === 1 && closed("h1") === 1],
  ["the page has a button", /class="button"/.test(html)],
  ...["a", "section", "main", "ul", "li", "script"].map((name) => [
    `every <${name}> is closed`,
    opened(name) === closed(name),
  ]),
  ["every brace of the style sheet is closed", css.split("{").length === css.split("}").length],
];

for (const [what, passed] of checks) console.log(`${passed ? "ok  " : "FAIL"} ${what}`);
if (checks.some(([, passed]) => !passed)) process.exit(1);
