import type { Protocol } from "puppeteer";

type RemoteObject = Protocol.Runtime.RemoteObject;

/** Text of a console message as the browser's own console would show it, on few lines. */
export function renderConsole(values: readonly RemoteObject[]): string {
  const [first, ...rest] = values;
  if (first?.type !== "string") return values.map(renderValue).join(" ");
  const text = String(first.value).replace(/%[sdifoOc%]/g, (mark) => {
    if (mark === "%%") return "%";
    const value = rest.shift();
    if (!value) return mark;
    return mark === "%c" ? "" : renderValue(value);
  });
  return [text, ...rest.map(renderValue)].join(" ");
}

function renderValue(value: RemoteObject): string {
  if (value.type === "undefined") return "undefined";
  if (value.subtype === "null") return "null";
  if (value.type === "string") return String(value.value);
  if (value.unserializableValue !== undefined) return value.unserializableValue;
  if (value.value !== undefined) return JSON.stringify(value.value);
  // The stack is the page's own matter; its first line says what happened.
  if (value.subtype === "error") return (value.description ?? "Error").split("\n    at ", 1)[0]!;
  if (value.preview) return renderPreview(value.preview);
  return value.description ?? value.type;
}

function renderPreview(preview: Protocol.Runtime.ObjectPreview): string {
  const isArray = preview.subtype === "array";
  const parts = preview.properties.map(({ name, type, value }) => {
    const shown = type === "string" ? JSON.stringify(value ?? "") : (value ?? type);
    return isArray ? shown : `${name}: ${shown}`;
  });
  if (preview.overflow) parts.push("…");
  return isArray ? `[${parts.join(", ")}]` : `{${parts.join(", ")}}`;
}
