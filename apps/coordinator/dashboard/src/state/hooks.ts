import { useEffect, useState } from "preact/hooks";
import { sessionStore } from "../api/session.js";
import { serverNow } from "./clock.js";
import type { Store } from "./store.js";

/** The store's value, drawn anew when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    setValue(() => store.get());
    return store.subscribe(() => setValue(() => store.get()));
  }, [store]);
  return value;
}

const TICK = 5000;

/** Now, drawn anew every few seconds. */
export function useNow(every = TICK): number {
  const [now, setNow] = useState(serverNow());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(serverNow()), every);
    return () => window.clearInterval(timer);
  }, [every]);
  return Math.max(now, serverNow() - every);
}

/** Whether the person may change things; viewers only look. */
export function useAdmin(): boolean {
  const state = useStore(sessionStore);
  return state.kind === "in" && state.session.role === "admin";
}
