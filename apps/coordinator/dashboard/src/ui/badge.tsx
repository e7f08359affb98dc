import type { Label, Tone } from "../logic/status.js";
import { Icon, type IconName } from "./icon.js";

const ICONS: Readonly<Record<Tone, IconName>> = {
  good: "check",
  active: "play",
  waiting: "clock",
  bad: "cross",
  quiet: "dot",
};

/** A state: a word, a sign and a colour, in that order of weight. */
export function Badge({ label, icon }: { label: Label; icon?: IconName }) {
  return (
    <span class={`badge tone-${label.tone}`}>
      <Icon name={icon ?? ICONS[label.tone]} size={13} />
      {label.text}
    </span>
  );
}
