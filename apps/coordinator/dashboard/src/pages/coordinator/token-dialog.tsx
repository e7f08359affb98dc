import { useState } from "preact/hooks";
import { post } from "../../api/client.js";
import { Problem, problemWords } from "../../api/problem.js";
import type { Role, Token } from "../../api/types.js";
import { Copy } from "../../ui/copy.js";
import { Dialog } from "../../ui/dialog.js";
import { Fault, Field } from "../../ui/field.js";
import { Notice } from "../../ui/notice.js";

type Made = Token & { token: string };
const LIFETIMES = [30, 90, 365];

/** Makes a token, and shows it once. */
export function TokenDialog({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [days, setDays] = useState("90");
  const [fault, setFault] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [made, setMade] = useState<Made>();
  const submit = async (event: Event) => {
    event.preventDefault();
    if (name.trim() === "") return setFault("Say who or what it is for.");
    setFault(undefined);
    setProblem(undefined);
    try {
      const body = { name: name.trim(), role, ...(days === "" ? {} : { expiresInDays: Number(days) }) };
      setMade(await post<Made>("/tokens", body));
      onMade();
    } catch (error) {
      const about = error instanceof Problem ? error.errors.find(({ path }) => path === "name") : undefined;
      if (about) setFault(`The name: ${about.message}.`);
      else setProblem(problemWords(error));
    }
  };
  if (made)
    return (
      <Dialog title={`Token ${made.name}`} wide onClose={onClose}>
        <Notice tone="active">
          This is the only time that the token is shown. Hand it over by a way that you trust.
        </Notice>
        <Copy text={made.token} what="the token" />
        <div class="dialog-foot">
          <button type="button" class="btn btn-primary" onClick={onClose}>
            I have stored it
          </button>
        </div>
      </Dialog>
    );
  return (
    <Dialog title="New token" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <Field label="Name" hint="Who or what uses it, for this list and the audit trail" fault={fault}>
          {(props) => (
            <input
              {...props}
              class="input"
              autocomplete="off"
              value={name}
              onInput={(e) => setName(e.currentTarget.value)}
            />
          )}
        </Field>
        <fieldset>
          <legend>May</legend>
          <div class="choices">
            {(["viewer", "admin"] as const).map((value) => (
              <label key={value} class="choice">
                <input type="radio" name="role" checked={role === value} onChange={() => setRole(value)} />
                <span>{value === "viewer" ? "Look only" : "Do everything"}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <Field label="Ends after">
          {(props) => (
            <select {...props} class="input" value={days} onChange={(e) => setDays(e.currentTarget.value)}>
              {LIFETIMES.map((value) => (
                <option key={value} value={value}>
                  {value} days
                </option>
              ))}
              <option value="">Never</option>
            </select>
          )}
        </Field>
        <Fault text={problem} />
        <div class="dialog-foot">
          <button type="button" class="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="btn btn-primary">
            Make the token
          </button>
        </div>
      </form>
    </Dialog>
  );
}
