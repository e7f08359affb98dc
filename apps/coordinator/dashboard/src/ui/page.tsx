import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

export interface PageProps {
  title: string;
  /** Beside the title: a state. */
  badge?: ComponentChildren;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  narrow?: boolean;
  children: ComponentChildren;
}

/** A page: its heading, what can be done on it, its parts. */
export function Page({ title, badge, lead, actions, narrow = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · FedBAPS`;
  }, [title]);
  return (
    <div class={`page${narrow ? " page-narrow" : ""}`}>
      <header class="page-head">
        <div class="page-head-text">
          <div class="row">
            <h1 tabIndex={-1}>{title}</h1>
            {badge}
          </div>
          {lead && <div class="lead">{lead}</div>}
        </div>
        {actions && <div class="row">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
