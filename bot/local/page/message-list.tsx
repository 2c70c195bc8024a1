import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ShownMessage } from "../message.ts";
import { MessageView, UnsentView } from "./message.tsx";
import { usePlace } from "./place.ts";
import { useStore } from "./store.ts";

const joinedMs = 4 * 60_000;

/** Messages of one place, kept at their end while the reader is there. */
export function MessageList({
  channel,
  root,
  label,
}: {
  channel: string;
  root: string;
  label: string;
}) {
  const store = useStore();
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const lastTop = useRef(0);
  const [below, setBelow] = useState(false);
  const first = root === "" ? undefined : store.message(root);
  const replies = store.list(channel, root);
  const messages = first === undefined ? replies : [first, ...replies];
  const unsent = store.unsent.filter((wish) => wish.channel === channel && wish.root === root);
  const newest = messages.at(-1)?.number ?? 0;
  const place = root === "" ? `c:${channel}` : `t:${root}`;
  const read = useRef(0);
  const looked = usePlace();
  const sought = useRef("");

  useEffect(() => {
    atEnd.current = true;
    read.current = store.readUpTo(place);
    void store.load(channel, root);
  }, [channel, root]);
  useLayoutEffect(() => {
    sought.current = looked.root === root ? looked.at : "";
  }, [looked]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const wanted = sought.current === "" ? null : element.querySelector(`#at-${sought.current}`);
    if (wanted instanceof HTMLElement) {
      sought.current = "";
      atEnd.current = false;
      wanted.scrollIntoView({ block: "start" });
      wanted.focus({ preventScroll: true });
    } else if (atEnd.current) element.scrollTop = element.scrollHeight;
  });
  useEffect(() => {
    const element = box.current;
    const inner = element?.firstElementChild;
    if (element === null || inner === null || inner === undefined) return;
    // Pictures and diffs grow after they are drawn.
    const watch = new ResizeObserver(() => {
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    });
    watch.observe(inner);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const note = () => {
      if (!document.hasFocus() || !atEnd.current) return;
      const whole = root === "" ? store.channels.find((one) => one.name === channel)?.newest : 0;
      store.markRead(place, Math.max(newest, whole ?? 0));
    };
    note();
    addEventListener("focus", note);
    return () => removeEventListener("focus", note);
  });

  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    const isEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 60;
    // Only a person scrolls up; what grows below leaves the reader at the end.
    if (isEnd || element.scrollTop < lastTop.current - 1) atEnd.current = isEnd;
    lastTop.current = element.scrollTop;
    setBelow(!atEnd.current);
  };
  const toEnd = () => {
    atEnd.current = true;
    setBelow(false);
    box.current?.scrollTo({ top: box.current.scrollHeight });
  };
  return (
    <div class="list-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region needs the keyboard */}
      <div class="list" ref={box} onScroll={onScroll} role="log" aria-label={label} tabIndex={0}>
        <div class="list-inner">
          {store.earlier.get(`${channel}/${root}`) === true && (
            <button
              type="button"
              class="button plain more"
              onClick={() => {
                atEnd.current = false;
                void store.load(channel, root, true);
              }}
            >
              Show earlier messages
            </button>
          )}
          {messages.map((message, at) => (
            <Row
              key={message.id}
              message={message}
              above={messages[at - 1]}
              inThread={root !== ""}
              newFrom={read.current}
              mine={store.person?.id}
            />
          ))}
          {messages.length === 0 && unsent.length === 0 && store.isLoaded(channel, root) && (
            <p class="empty">
              Nothing here yet. Point this channel at a repository with{" "}
              <code>/colony use &lt;path or URL&gt;</code>, then ask for something with{" "}
              <code>/colony run …</code>
            </p>
          )}
          {unsent.map((wish) => (
            <UnsentView key={wish.origin} unsent={wish} />
          ))}
        </div>
      </div>
      {below && (
        <button type="button" class="button plain to-end" onClick={toEnd}>
          Newest ↓
        </button>
      )}
    </div>
  );
}

function Row({
  message,
  above,
  inThread,
  newFrom,
  mine,
}: {
  message: ShownMessage;
  above: ShownMessage | undefined;
  inThread: boolean;
  newFrom: number;
  mine: string | undefined;
}) {
  const joined =
    above !== undefined &&
    above.person?.id === message.person?.id &&
    above.to === message.to &&
    message.atMs - above.atMs < joinedMs &&
    (inThread || above.replies === 0);
  const isFirstNew =
    newFrom > 0 &&
    message.number > newFrom &&
    (above === undefined || above.number <= newFrom) &&
    message.person?.id !== mine;
  return (
    <>
      {isFirstNew && (
        <div class="new-line">
          <span>New</span>
        </div>
      )}
      <MessageView message={message} joined={joined && !isFirstNew} inThread={inThread} />
    </>
  );
}
