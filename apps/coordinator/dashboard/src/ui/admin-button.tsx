import type { ComponentChildren } from "preact";
import { useAdmin } from "../state/hooks.js";

export interface AdminButtonProps {
  class?: string;
  onClick: () => void;
  label?: string;
  children: ComponentChildren;
}

export const VIEWER_REASON = "Your token may only look. Sign in with an administrator's token to change things.";

/** A button that only administrators have; viewers are told once per page why it is not there. */
export function AdminButton({ class: className = "btn", onClick, label, children }: AdminButtonProps) {
  if (!useAdmin()) return null;
  return (
    <button type="button" class={className} onClick={onClick} aria-label={label}>
      {children}
    </button>
  );
}

/** Says to a viewer why there are no controls here. */
export function ViewerNote() {
  if (useAdmin()) return null;
  return <p class="hint">{VIEWER_REASON}</p>;
}
