import { exact, relative } from "../logic/time.js";
import { useNow } from "../state/hooks.js";

/** A moment, seen from now; its title says it exactly. */
export function Ago({ at, none = "never" }: { at: number | null | undefined; none?: string }) {
  const now = useNow();
  if (at === null || at === undefined) return <span class="muted">{none}</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)} class="nowrap">
      {relative(at, now)}
    </time>
  );
}
