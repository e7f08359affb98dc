import { useEffect, useState } from "preact/hooks";
import { ask } from "../api/client.js";

export interface Once<T> {
  readonly data?: T;
  readonly etag?: string | undefined;
  readonly problem?: unknown;
}

/** Reads `path` once: for what a person changes, which must not change under their hands. */
export function useOnce<T>(path: string | null): Once<T> {
  const [state, setState] = useState<Once<T>>({});
  useEffect(() => {
    setState({});
    if (path === null) return;
    let dead = false;
    ask<T>("GET", path).then(
      ({ body, etag }) => !dead && setState({ data: body, etag }),
      (problem: unknown) => !dead && setState({ problem }),
    );
    return () => {
      dead = true;
    };
  }, [path]);
  return state;
}
