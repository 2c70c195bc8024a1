import { useEffect, useRef, useState } from "preact/hooks";
import { complete } from "./completion.ts";
import { useStore } from "./store.ts";

const drafts = new Map<string, string>();

/** Where people write. Enter sends, Shift+Enter breaks the line, `/` completes commands. */
export function Composer({ channel, root, hint }: { channel: string; root: string; hint: string }) {
  const store = useStore();
  const place = `${channel}/${root}`;
  const [text, setText] = useState(drafts.get(place) ?? "");
  const [at, setAt] = useState(0);
  const [closed, setClosed] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const shown = closed ? [] : complete(text, store.words, store.repositories, root !== "");
  const chosen = shown[Math.min(at, shown.length - 1)];
  const listId = `words-${root || "top"}`;

  const write = (next: string) => {
    drafts.set(place, next);
    setText(next);
    setAt(0);
    setClosed(false);
  };
  useEffect(() => setText(drafts.get(place) ?? ""), [place]);
  useEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = "auto";
    // The border lies inside the height; without it the field has a scroll bar for one pixel.
    const border = element.offsetHeight - element.clientHeight;
    element.style.height = `${Math.min(element.scrollHeight + border, 240)}px`;
  }, [text]);
  useEffect(() => {
    document.getElementById(`${listId}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const send = () => {
    if (text.trim() === "") return;
    void store.send(channel, root, text);
    write("");
  };
  const take = (completion: string) => {
    write(completion);
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const open = chosen !== undefined;
    const isWhole = open && chosen.text.trim() === text.trim();
    if (open && event.key === "ArrowDown") setAt((at + 1) % shown.length);
    else if (open && event.key === "ArrowUp") setAt((at - 1 + shown.length) % shown.length);
    else if (open && event.key === "Escape") setClosed(true);
    else if (open && (event.key === "Tab" || (event.key === "Enter" && !isWhole)))
      take(chosen.text);
    else if (event.key === "Enter" && !event.shiftKey) send();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {shown.length > 0 && (
        <div class="words" role="listbox" id={listId} aria-label="Commands">
          {shown.map((one, index) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, which names the active option
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
            <div
              key={one.label}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={one === chosen}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(one.text)}
            >
              <code>{one.label}</code>
              <span>{one.about}</span>
            </div>
          ))}
        </div>
      )}
      <textarea
        ref={field}
        rows={1}
        value={text}
        placeholder={hint}
        aria-label={hint}
        aria-autocomplete="list"
        aria-controls={listId}
        aria-activedescendant={chosen === undefined ? undefined : `${listId}-${at}`}
        maxLength={400_000}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" class="button primary send" disabled={text.trim() === ""}>
        Send
      </button>
    </form>
  );
}
