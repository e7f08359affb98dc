import { useEffect, useRef, useState } from "preact/hooks";
import { post } from "../../api/client.js";
import { Problem, problemWords } from "../../api/problem.js";
import type { Invite } from "../../api/types.js";
import { announce } from "../../state/announcer.js";
import { Field } from "../../ui/field.js";
import { NameInput } from "../../ui/name-input.js";
import { InviteCard } from "./invite-card.js";

/** Asks for a site's name, and shows its invite, which is shown once. */
export function InviteForm({ site: given, onInvited }: { site?: string | undefined; onInvited?: () => void }) {
  const [site, setSite] = useState(given ?? "");
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [invite, setInvite] = useState<Invite>();
  const shown = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (invite) shown.current?.focus();
  }, [invite]);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (site.trim() === "") return setFault("Give the site a name.");
    setBusy(true);
    setFault(undefined);
    try {
      setInvite(await post<Invite>("/invites", { site: site.trim() }));
      announce(`Invite made for ${site.trim()}.`);
      setSite("");
      onInvited?.();
    } catch (problem) {
      const [first] = problem instanceof Problem ? problem.errors : [];
      setFault(first ? `The name ${first.message}.` : problemWords(problem));
    }
    setBusy(false);
  };
  return (
    <div class="stack">
      <form class="inline-form" onSubmit={(event) => void submit(event)} noValidate>
        <Field label="Name of the site" hint="Lower-case letters, digits and hyphens: city-hospital" fault={fault}>
          {(props) => <NameInput {...props} value={site} onInput={(event) => setSite(event.currentTarget.value)} />}
        </Field>
        <button type="submit" class="btn btn-primary" disabled={busy}>
          Make an invite
        </button>
      </form>
      {invite && (
        <div ref={shown} tabIndex={-1}>
          <InviteCard invite={invite} />
        </div>
      )}
    </div>
  );
}
