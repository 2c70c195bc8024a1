import { useState } from "preact/hooks";
import { goTo } from "./place.ts";
import { useStore } from "./store.ts";

/** Channels, and who one is. */
export function Sidebar({ channel, close }: { channel: string; close: () => void }) {
  const store = useStore();
  return (
    <nav class="sidebar" aria-label="Channels">
      <div class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M16 3 27 9.5v13L16 29 5 22.5v-13z" />
          <path class="inner" d="m16 10.5 4.8 2.8v5.4L16 21.5l-4.8-2.8v-5.4z" />
        </svg>
        <strong>Colony</strong>
      </div>
      <ul>
        {store.channels.map((one) => {
          const unread = one.newest > store.readUpTo(`c:${one.name}`) && one.name !== channel;
          return (
            <li key={one.name}>
              <a
                href={`#/${one.name}`}
                class={unread ? "unread" : ""}
                aria-current={one.name === channel ? "page" : undefined}
                onClick={close}
              >
                <span class="hash" aria-hidden="true">
                  #
                </span>
                <span class="name">{one.name}</span>
                {unread && <span class="unseen"> (unread)</span>}
              </a>
            </li>
          );
        })}
      </ul>
      <NewChannel close={close} />
      <div class="spring" />
      <form class="me" method="post" action="/sign-out">
        <span>
          {store.person?.name}
          {store.role === "member" && <span class="quiet">, member</span>}
        </span>
        <button type="submit" class="as-link">
          Sign out
        </button>
      </form>
    </nav>
  );
}

function NewChannel({ close }: { close: () => void }) {
  const store = useStore();
  const [name, setName] = useState<string | undefined>();
  const [trouble, setTrouble] = useState("");
  if (name === undefined) {
    return (
      <button type="button" class="as-link new-channel" onClick={() => setName("")}>
        New channel
      </button>
    );
  }
  const open = async () => {
    try {
      goTo(await store.openChannel(name.trim()));
      setName(undefined);
      setTrouble("");
      close();
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : "That did not work.");
    }
  };
  return (
    <form
      class="new-channel"
      onSubmit={(event) => {
        event.preventDefault();
        void open();
      }}
      onKeyDown={(event) => event.key === "Escape" && setName(undefined)}
    >
      <input
        value={name}
        autofocus
        aria-label="Name of the new channel"
        placeholder="name"
        onInput={(event) => setName(event.currentTarget.value)}
      />
      {trouble !== "" && <p class="tone-warn">{trouble}</p>}
    </form>
  );
}
