import type { InputHTMLAttributes } from "preact";

/** A field for the short name of a site or a study: no browser completes, capitalises or spells it. */
export function NameInput(props: InputHTMLAttributes<HTMLInputElement>) {
  return <input {...props} class="input" autocomplete="off" autocapitalize="none" spellcheck={false} />;
}
