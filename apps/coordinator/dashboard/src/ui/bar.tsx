import { share } from "../logic/numbers.js";

/** How much of a whole, as a bar; `label` says it in words. */
export function Bar({ part, all, label }: { part: number; all: number; label: string }) {
  const part100 = Math.round(share(part, all) * 1000) / 10;
  return (
    <div class="bar" role="img" aria-label={label}>
      <span style={{ width: `${part100}%` }} />
    </div>
  );
}
