import { useEffect, useState } from "preact/hooks";

/** Where the person is, as the address says: `#/CHANNEL` or `#/CHANNEL/THREAD`. */
export interface Place {
  readonly channel: string;
  /** Empty: no thread is open. */
  readonly root: string;
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

export function goTo(channel: string, root = ""): void {
  location.hash = root === "" ? `#/${channel}` : `#/${channel}/${root}`;
}

function readPlace(): Place {
  const [, channel = "", root = ""] = location.hash.split("/");
  return {
    channel: /^[a-z0-9][a-z0-9-]*$/.test(channel) ? channel : "general",
    root: /^m\d+$/.test(root) ? root : "",
  };
}
