import { Icon, type IconName } from "../../ui/icon.js";

/** What those bytes are, in plain words: what the coordinator cannot know, and what it does know. */
export function SeenWords({ sealed, sites }: { sealed: boolean; sites: number }) {
  const blind = [
    "an image, a label or a file name: they never leave a site",
    "what one site's training changed: its update is under masks that only cancel out in the sum of all",
    ...(sealed ? ["the sum itself: it is under one more mask, whose key only the sites have"] : []),
    "which of the numbers are large or small: each is equally likely to be anything",
  ];
  const knows = [
    "who took part, when, and how many bytes each sent",
    "the figures that a site's own policy lets out, such as validation Dice",
    ...(sealed ? [] : [`the sum of all ${sites} updates, never a single one`]),
  ];
  return (
    <div class="seen-words">
      <p>
        Each site hides its update under random masks before it sends it. What arrives is noise: the strips look alike
        whatever was learned. Only when all masks meet in the sum do they cancel.
      </p>
      <List title="It cannot know" icon="blind" kind="blind" items={blind} />
      <List title="It does know" icon="eye" kind="knows" items={knows} />
    </div>
  );
}

function List({ title, icon, kind, items }: { title: string; icon: IconName; kind: string; items: string[] }) {
  return (
    <div class={`stack-tight ${kind}`}>
      <h3>{title}</h3>
      <ul>
        {items.map((item) => (
          <li key={item}>
            <Icon name={icon} size={16} />
            <span>{item}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
