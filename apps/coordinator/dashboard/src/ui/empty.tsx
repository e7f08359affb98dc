import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.js";

export interface EmptyProps {
  icon: IconName;
  title: string;
  small?: boolean;
  children?: ComponentChildren;
}

/** What is shown where nothing is yet. */
export function Empty({ icon, title, small = false, children }: EmptyProps) {
  return (
    <div class={`empty${small ? " empty-small" : ""}`}>
      <Icon name={icon} size={small ? 24 : 36} />
      <h3>{title}</h3>
      {children}
    </div>
  );
}
