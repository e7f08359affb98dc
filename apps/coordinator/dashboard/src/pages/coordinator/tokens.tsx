import { useState } from "preact/hooks";
import { ask } from "../../api/client.js";
import { sessionStore } from "../../api/session.js";
import type { Token } from "../../api/types.js";
import { announce } from "../../state/announcer.js";
import { useStore } from "../../state/hooks.js";
import { aboutAudit, useResource } from "../../state/use-resource.js";
import { Ago } from "../../ui/ago.js";
import { Card } from "../../ui/card.js";
import { Confirm } from "../../ui/confirm.js";
import { Icon } from "../../ui/icon.js";
import { Loaded } from "../../ui/loading.js";
import { TokenDialog } from "./token-dialog.js";

/** Who may use the API and this dashboard. */
export function TokensCard() {
  const tokens = useResource<{ tokens: Token[] }>("/tokens", aboutAudit);
  const state = useStore(sessionStore);
  const mine = state.kind === "in" ? state.session.tokenId : undefined;
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token>();
  const revoke = async ({ id, name }: Token) => {
    await ask("DELETE", `/tokens/${encodeURIComponent(id)}`);
    announce(`The token ${name} is revoked.`);
    tokens.reload();
  };
  return (
    <Card
      title="Tokens"
      hint="Administrators may do everything, viewers only look. A token is shown once, when it is made, and stored as a hash."
      flush
      aside={
        <button type="button" class="btn" onClick={() => setMaking(true)}>
          <Icon name="plus" size={16} />
          New token
        </button>
      }
    >
      <Loaded from={tokens}>
        {({ tokens: all }) => (
          <div class="table-scroll">
            <table class="table table-cards">
              <caption class="visually-hidden">Tokens</caption>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">May</th>
                  <th scope="col">Made</th>
                  <th scope="col">Last used</th>
                  <th scope="col">Ends</th>
                  <th scope="col">
                    <span class="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {all.map((token) => (
                  <tr key={token.id}>
                    <th scope="row">
                      {token.name}
                      {token.id === mine && <span class="muted"> (yours)</span>}
                    </th>
                    <td data-label="May">{token.role === "admin" ? "Everything" : "Look only"}</td>
                    <td data-label="Made">
                      <Ago at={token.createdAt} />
                    </td>
                    <td data-label="Last used">
                      <Ago at={token.lastUsedAt} none="not yet" />
                    </td>
                    <td data-label="Ends">
                      <Ago at={token.expiresAt} none="does not end" />
                    </td>
                    <td class="actions">
                      <button
                        type="button"
                        class="btn btn-danger"
                        aria-label={`Revoke token ${token.name}`}
                        onClick={() => setRevoking(token)}
                      >
                        Revoke
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
      {making && <TokenDialog onMade={tokens.reload} onClose={() => setMaking(false)} />}
      {revoking && (
        <Confirm
          title={`Revoke the token ${revoking.name}?`}
          action="Revoke this token"
          danger
          onClose={() => setRevoking(undefined)}
          onConfirm={() => revoke(revoking)}
        >
          <p>
            {revoking.id === mine
              ? "It is the token that you signed in with: you will be signed out."
              : "Whoever uses it is signed out at once, and programs with it are refused."}
          </p>
        </Confirm>
      )}
    </Card>
  );
}
