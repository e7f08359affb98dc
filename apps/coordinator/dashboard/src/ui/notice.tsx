import type { ComponentChildren } from "preact";
import type { Tone } from "../logic/status.js";
import { Icon, type IconName } from "./icon.js";

const ICONS: Readonly<Record<Tone, IconName>> = {
  good: "check",
  active: "info",
  waiting: "warning",
  bad: "warning",
  quiet: "info",
};

/** A short word to the person, within a page or a dialog. */
export function Notice({ tone = "quiet", children }: { tone?: Tone; children: ComponentChildren }) {
  return (
    <div class={`notice tone-${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <Icon name={ICONS[tone]} />
      <div>{children}</div>
    </div>
  );
}
