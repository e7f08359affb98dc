import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client.js";
import { onChange } from "../api/events.js";
import type { Change } from "../api/types.js";

export interface Resource<T> {
  /** What was read last; it stays while a newer answer fails. */
  readonly data: T | undefined;
  readonly problem: unknown;
  readonly loading: boolean;
  readonly reload: () => void;
}

const DEBOUNCE = 120;
/** Changes can come many times a second; nobody reads faster than this, and the API counts requests. */
const SPACING = 1000;
/** Relative figures (steps, last messages) move without a change being told. */
const POLL = 10_000;

/** Reads `path` and keeps it true: again when a change concerns it, and now and then. Null reads nothing. */
export function useResource<T>(path: string | null, concerns: (change: Change) => boolean = () => true): Resource<T> {
  const [state, setState] = useState<{ path: string | null; data?: T; problem?: unknown }>({ path });
  const wanted = useRef(concerns);
  wanted.current = concerns;
  const loop = useRef<{ path: string; busy: boolean; again: boolean; dead: boolean } | undefined>(undefined);

  const run = useCallback(async () => {
    const current = loop.current;
    if (!current || current.dead) return;
    if (current.busy) {
      current.again = true;
      return;
    }
    current.busy = true;
    do {
      current.again = false;
      try {
        const data = await get<T>(current.path);
        if (!current.dead) setState({ path: current.path, data });
      } catch (problem) {
        if (!current.dead)
          setState((before) => ({
            path: current.path,
            problem,
            ...(before.path === current.path ? { data: before.data } : {}),
          }));
      }
    } while (current.again && !current.dead);
    current.busy = false;
  }, []);

  useEffect(() => {
    if (path === null) return;
    const mine = { path, busy: false, again: false, dead: false };
    loop.current = mine;
    void run();
    let timer: number | undefined;
    let last = 0;
    const soon = () => {
      if (timer !== undefined) return;
      const wait = Math.max(DEBOUNCE, last + SPACING - performance.now());
      timer = window.setTimeout(() => {
        timer = undefined;
        last = performance.now();
        void run();
      }, wait);
    };
    const stop = onChange((change) => {
      if (change === undefined || wanted.current(change)) soon();
    });
    const poll = window.setInterval(() => {
      if (document.visibilityState === "visible") void run();
    }, POLL);
    return () => {
      mine.dead = true;
      window.clearTimeout(timer);
      window.clearInterval(poll);
      stop();
    };
  }, [path, run]);

  const fresh = state.path === path;
  return {
    data: fresh ? state.data : undefined,
    problem: fresh ? state.problem : undefined,
    loading: path !== null && (!fresh || (state.data === undefined && state.problem === undefined)),
    reload: () => void run(),
  };
}

export const aboutStudy = (name: string) => (change: Change) => change.kind === "study" && change.study === name;
export const aboutStudies = (change: Change) => change.kind === "study";
export const aboutSites = (change: Change) => change.kind === "sites";
export const aboutRoster = (change: Change) => change.kind === "roster" || change.kind === "sites";
export const aboutAudit = (change: Change) => change.kind === "audit";
