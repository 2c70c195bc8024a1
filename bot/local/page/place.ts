import { useEffect, useState } from "preact/hooks";

/** Where the person is, as the address says: `#/CHANNEL`, `#/CHANNEL/THREAD`, `…/MESSAGE` in it. */
export interface Place {
  readonly channel: string;
  /** Empty: no thread is open. */
  readonly root: string;
  /** The thread's message that is looked at; empty: its end. */
  readonly at: string;
}

export function usePlace(): Place {
  const [place, setPlace] = useState(readPlace);
  useEffect(() => {
    const read = () => setPlace(readPlace());
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return place;
}

export function goTo(channel: string, root = "", at = ""): void {
  const parts = [channel, root, at].filter((part) => part !== "");
  const hash = `#/${parts.join("/")}`;
  // Asked for again, it is shown again, wherever the reader has scrolled meanwhile.
  if (location.hash === hash) dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = hash;
}

function readPlace(): Place {
  const [, channel = "", root = "", at = ""] = location.hash.split("/");
  return {
    channel: /^[a-z0-9][a-z0-9-]*$/.test(channel) ? channel : "general",
    root: /^m\d+$/.test(root) ? root : "",
    at: /^m\d+$/.test(at) ? at : "",
  };
}
