import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface CardProps {
  title: string;
  hint?: ComponentChildren;
  aside?: ComponentChildren;
  /** A table or list that reaches from edge to edge. */
  flush?: boolean;
  children: ComponentChildren;
}

/** A part of a page under its own heading. */
export function Card({ title, hint, aside, flush = false, children }: CardProps) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {aside}
        {hint && <p class="hint">{hint}</p>}
      </div>
      <div class={flush ? "card-flush" : "card-body"}>{children}</div>
    </section>
  );
}
