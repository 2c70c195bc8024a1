import { useEffect, useRef, useState } from "preact/hooks";
import { Composer } from "./composer.tsx";
import { MarkSign } from "./marks.tsx";
import { MessageList } from "./message-list.tsx";
import { goTo, usePlace } from "./place.ts";
import { Sidebar } from "./sidebar.tsx";
import { useStore } from "./store.ts";

/** Channels on the left, the channel, and the open thread on the right; one at a time on a phone. */
export function App() {
  const store = useStore();
  const { channel, root } = usePlace();
  const [menu, setMenu] = useState(false);
  useEffect(() => void store.start(), []);
  useEffect(() => {
    const unread = store.channels.filter((one) => one.newest > store.readUpTo(`c:${one.name}`));
    document.title = `${unread.length > 0 ? "• " : ""}#${channel} · Colony`;
  });
  const bound = store.channels.find((one) => one.name === channel)?.repository;
  if (store.connection === "signed-out") return <SignedOut />;
  return (
    <div class={`page${root === "" ? "" : " with-thread"}${menu ? " with-menu" : ""}`}>
      <a class="skip" href="#composer-top">
        Skip to the composer
      </a>
      <Sidebar channel={channel} close={() => setMenu(false)} />
      <main class="channel">
        <header class="bar">
          <button
            type="button"
            class="button plain menu"
            aria-expanded={menu}
            onClick={() => setMenu(!menu)}
          >
            <span aria-hidden="true">☰</span>
            <span class="unseen">Channels</span>
          </button>
          <h1># {channel}</h1>
          <span class="quiet bound">{bound ?? "no repository yet"}</span>
        </header>
        {store.connection === "away" && (
          <p class="banner" role="status">
            Colony does not answer. What you write is sent when it is back.
          </p>
        )}
        <MessageList channel={channel} root="" label={`Messages in ${channel}`} />
        <div id="composer-top" tabIndex={-1}>
          <Composer
            channel={channel}
            root=""
            hint={
              bound === undefined
                ? "Type / for commands"
                : `Ask for a change to ${bound}: /colony run …`
            }
          />
        </div>
      </main>
      {root !== "" && <Thread channel={channel} root={root} />}
      {menu && (
        <button
          type="button"
          class="shade"
          aria-label="Close the channels"
          onClick={() => setMenu(false)}
        />
      )}
    </div>
  );
}

function Thread({ channel, root }: { channel: string; root: string }) {
  const pane = useRef<HTMLElement>(null);
  const mark = useStore().message(root)?.mark;
  const close = () => goTo(channel);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === "Escape" && document.querySelector("dialog[open]") === null) close();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [channel]);
  useEffect(() => {
    // On a phone the keyboard would cover what was opened to be read.
    if (matchMedia("(pointer: coarse)").matches) return;
    pane.current?.querySelector("textarea")?.focus({ preventScroll: true });
  }, [root]);
  return (
    <aside class="thread" aria-label="Thread" ref={pane}>
      <header class="bar">
        <h2>Thread</h2>
        <span class="quiet bound">
          {mark === undefined ? `# ${channel}` : <MarkSign mark={mark} withWord />}
        </span>
        <button type="button" class="button plain" onClick={close}>
          Close
        </button>
      </header>
      <MessageList channel={channel} root={root} label="Messages in this thread" />
      <Composer channel={channel} root={root} hint="Reply to the agent" />
    </aside>
  );
}

function SignedOut() {
  return (
    <main class="door">
      <h1>Colony</h1>
      <p>You are no longer signed in on this browser.</p>
      <p>
        In the terminal where Colony was started, <code>npm run -s colony -- sign-in</code> prints a
        fresh link; a member gets one from an administrator.
      </p>
    </main>
  );
}
