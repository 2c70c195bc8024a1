import { useEffect, useReducer } from "preact/hooks";

/** Draws again each `everyMs`, for times that pass. */
function useTick(everyMs: number): number {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(() => draw(undefined), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return Date.now();
}

export function Ago({ atMs }: { atMs: number }) {
  const nowMs = useTick(20_000);
  const at = new Date(atMs);
  return (
    <time class="ago" dateTime={at.toISOString()} title={at.toLocaleString()}>
      {agoWords(atMs, nowMs)}
    </time>
  );
}

export function agoWords(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - atMs) / 1000);
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  const at = new Date(atMs);
  const hour = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (new Date(nowMs).toDateString() === at.toDateString()) return hour;
  return `${at.toLocaleDateString([], { day: "numeric", month: "short" })}, ${hour}`;
}

/** How long something took so far; counts on while `sinceMs` is given. */
export function Clock({ baseMs, sinceMs }: { baseMs: number; sinceMs?: number | undefined }) {
  const nowMs = useTick(sinceMs === undefined ? 3_600_000 : 1_000);
  const totalMs = baseMs + (sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs));
  return <span class="clock">{lengthWords(totalMs)}</span>;
}

export function lengthWords(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, "0")}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, "0")}m`;
}
