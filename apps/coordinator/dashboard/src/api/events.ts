import { waitBeforeTry } from "../logic/backoff.js";
import { serverNow } from "../state/clock.js";
import { createStore } from "../state/store.js";
import { ask } from "./client.js";
import { Problem } from "./problem.js";
import type { Change } from "./types.js";

export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** `since`: when what is shown was true for the last time. */
  | { readonly kind: "lost"; readonly since: number };

export const linkStore = createStore<Link>({ kind: "connecting" });

/** `undefined`: anything may have changed. */
type Listener = (change: Change | undefined) => void;
const listeners = new Set<Listener>();

export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function tell(change: Change | undefined): void {
  for (const listener of listeners) listener(change);
}

let source: EventSource | undefined;
let timer: number | undefined;
let failures = 0;
let lastSeen = 0;

/** Follows what changes, until `unfollow`; a lost link is taken up again by itself. */
export function follow(): void {
  unfollow();
  open();
}

export function unfollow(): void {
  window.clearTimeout(timer);
  source?.close();
  source = undefined;
  failures = 0;
}

/** Tries at once instead of waiting for the next try. */
export function tryNow(): void {
  if (linkStore.get().kind !== "lost") return;
  window.clearTimeout(timer);
  void retry();
}

function open(): void {
  const opened = new EventSource("/api/v1/events");
  source = opened;
  opened.addEventListener("open", () => {
    const again = linkStore.get().kind !== "live";
    failures = 0;
    lastSeen = serverNow();
    linkStore.set({ kind: "live" });
    // What changed meanwhile has not been told.
    if (again) tell(undefined);
  });
  opened.addEventListener("change", (event) => {
    lastSeen = serverNow();
    const change = parseChange((event as MessageEvent<string>).data);
    tell(change);
  });
  opened.addEventListener("error", () => {
    if (source !== opened) return;
    opened.close();
    lost();
  });
}

function lost(): void {
  failures++;
  const before = linkStore.get();
  if (before.kind === "live") linkStore.set({ kind: "lost", since: Math.max(lastSeen, serverNow() - 1000) });
  else if (before.kind === "connecting" && failures > 1) linkStore.set({ kind: "lost", since: lastSeen });
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void retry(), waitBeforeTry(failures));
}

/** An event source does not say why it failed: an ended session is found out by asking. */
async function retry(): Promise<void> {
  try {
    await ask("GET", "/coordinator");
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 401) return;
    if (!(problem instanceof Problem) || problem.unreachable || problem.status >= 500) return lost();
  }
  open();
}

function parseChange(data: string): Change | undefined {
  try {
    const change: unknown = JSON.parse(data);
    return typeof change === "object" && change !== null && "kind" in change ? (change as Change) : undefined;
  } catch {
    return undefined;
  }
}
