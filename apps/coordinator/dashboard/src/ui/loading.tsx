import type { ComponentChildren } from "preact";
import { Problem, problemWords } from "../api/problem.js";
import type { Resource } from "../state/use-resource.js";
import { Notice } from "./notice.js";

/** Grey lines in the place of what is being read. */
export function Skeleton({ lines = 3, height = 18 }: { lines?: number; height?: number }) {
  return (
    <div class="stack" aria-busy="true">
      <span class="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} class="skeleton" style={{ height: `${height}px`, width: `${100 - ((i * 13) % 35)}%` }} />
      ))}
    </div>
  );
}

export interface LoadedProps<T> {
  from: Resource<T>;
  skeleton?: ComponentChildren;
  children: (data: T) => ComponentChildren;
}

/** What was read, or grey lines while it is read, or what went wrong and what to do. */
export function Loaded<T>({ from, skeleton, children }: LoadedProps<T>) {
  if (from.data !== undefined) {
    const { problem } = from;
    // That nobody answers is said once, above every page.
    const old = problem !== undefined && !(problem instanceof Problem && problem.unreachable);
    return (
      <>
        {old && <Notice tone="waiting">What is shown may be old. {problemWords(problem)}</Notice>}
        {children(from.data)}
      </>
    );
  }
  if (from.problem !== undefined)
    return (
      <Notice tone="bad">
        <p>{problemWords(from.problem)}</p>
        <div>
          <button type="button" class="btn" onClick={from.reload}>
            Try again
          </button>
        </div>
      </Notice>
    );
  return <>{skeleton ?? <Skeleton />}</>;
}
