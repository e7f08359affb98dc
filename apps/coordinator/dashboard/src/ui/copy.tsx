import { useState } from "preact/hooks";
import { announce } from "../state/announcer.js";
import { Icon } from "./icon.js";

/** Text to copy, with the button for it. `what` names it to those who cannot see which is which. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      announce("The browser does not allow copying here: select the text and copy it by hand.");
      return;
    }
    setCopied(true);
    announce(`Copied: ${what}.`);
    window.setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div class="copy">
      <code>{text}</code>
      <button type="button" onClick={() => void copy()} aria-label={`Copy ${what}`}>
        <Icon name={copied ? "check" : "copy"} size={15} />
        {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
