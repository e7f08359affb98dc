import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../api/client.js";
import { Problem, problemWords } from "../api/problem.js";
import { signedIn } from "../api/session.js";
import type { Session } from "../api/types.js";
import { Field } from "../ui/field.js";
import { Mark } from "../ui/mark.js";
import { Notice } from "../ui/notice.js";
import { ThemeSwitch } from "../ui/theme-switch.js";

/** Trades a token for a session; the token itself is kept nowhere in the browser. */
export function SignIn({ expired }: { expired: boolean }) {
  const [token, setToken] = useState("");
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    document.title = "Sign in · FedBAPS";
    form.current?.querySelector("input")?.focus();
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (token.trim() === "") return setFault("Paste a token first.");
    setBusy(true);
    setFault(undefined);
    try {
      signedIn((await ask<Session>("POST", "/session", { token: token.trim() })).body);
    } catch (problem) {
      const refused = problem instanceof Problem && [400, 401, 403].includes(problem.status);
      setFault(
        refused ? "This token is not valid here: it may be mistyped, revoked or expired." : problemWords(problem),
      );
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <div class="stack" style={{ justifyItems: "center", width: "100%" }}>
        <form ref={form} class="card sign-in-card" onSubmit={(event) => void submit(event)} noValidate>
          <div class="row">
            <Mark size={36} />
            <div>
              <h1>Sign in</h1>
              <p class="muted">FedBAPS coordinator</p>
            </div>
          </div>
          {expired && <Notice tone="waiting">Your session has ended. Sign in again to go on where you were.</Notice>}
          <Field
            label="Token"
            fault={fault}
            hint={
              <>
                The first token is in the file <code>admin-token</code> in the coordinator's home, by default{" "}
                <code>~/.fedbaps-coordinator/admin-token</code> on its machine. An administrator makes further ones.
              </>
            }
          >
            {(props) => (
              <input
                {...props}
                class="input mono"
                type="password"
                name="token"
                autocomplete="off"
                spellcheck={false}
                value={token}
                onInput={(event) => setToken(event.currentTarget.value)}
              />
            )}
          </Field>
          <button type="submit" class="btn btn-primary" disabled={busy}>
            {busy ? "Signing in…" : "Sign in"}
          </button>
        </form>
        <ThemeSwitch />
      </div>
    </main>
  );
}
