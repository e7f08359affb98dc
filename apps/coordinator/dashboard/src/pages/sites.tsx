import { useState } from "preact/hooks";
import type { Site } from "../api/types.js";
import { bytes, count } from "../logic/numbers.js";
import { siteLabel } from "../logic/status.js";
import { useNow } from "../state/hooks.js";
import { useAllSites } from "../state/lists.js";
import { AdminButton, ViewerNote } from "../ui/admin-button.js";
import { Ago } from "../ui/ago.js";
import { Badge } from "../ui/badge.js";
import { Empty } from "../ui/empty.js";
import { Icon } from "../ui/icon.js";
import { Loaded, Skeleton } from "../ui/loading.js";
import { Page } from "../ui/page.js";
import { ApproveDialog } from "./sites/approve-dialog.js";
import { InviteDialog } from "./sites/invite-dialog.js";
import { RevokeDialog } from "./sites/revoke-dialog.js";
import { WordsDialog } from "./sites/words-dialog.js";

type Open = { kind: "invite"; site?: string } | { kind: "approve" | "revoke" | "words"; site: Site };

/** All sites: who they are, whether they speak, and who may take part. */
export function SitesPage() {
  const sites = useAllSites();
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  return (
    <Page
      title="Sites"
      lead="The hospitals that may take part. Each makes its own keys; you approve them after comparing words by telephone."
      actions={
        <AdminButton class="btn btn-primary" onClick={() => setOpen({ kind: "invite" })}>
          <Icon name="plus" size={16} />
          Invite a site
        </AdminButton>
      }
    >
      <ViewerNote />
      <Loaded from={sites} skeleton={<Skeleton lines={4} height={48} />}>
        {({ sites: all, next }) =>
          all.length === 0 ? (
            <div class="card">
              <Empty icon="sites" title="No sites yet">
                <p>Invite a site: it gets a one-time code, makes its keys and appears here.</p>
              </Empty>
            </div>
          ) : (
            <div class="card">
              <div class="table-scroll">
                <SitesTable sites={all} onOpen={setOpen} />
              </div>
              {next && <p class="hint card-foot">Only the first {count(all.length, "site")} are shown here.</p>}
            </div>
          )
        }
      </Loaded>
      {open?.kind === "invite" && <InviteDialog site={open.site} onClose={close} />}
      {open?.kind === "approve" && <ApproveDialog site={open.site} onClose={close} />}
      {open?.kind === "revoke" && <RevokeDialog site={open.site} onClose={close} />}
      {open?.kind === "words" && <WordsDialog site={open.site} onClose={close} />}
    </Page>
  );
}

function SitesTable({ sites, onOpen }: { sites: Site[]; onOpen: (open: Open) => void }) {
  return (
    <table class="table table-cards">
      <caption class="visually-hidden">Sites</caption>
      <thead>
        <tr>
          <th scope="col">Site</th>
          <th scope="col">State</th>
          <th scope="col">Connection</th>
          <th scope="col">Last message</th>
          <th scope="col">Keys</th>
          <th scope="col" class="num">
            Sent / received
          </th>
          <th scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sites.map((site) => (
          <SiteRow key={site.site} site={site} onOpen={onOpen} />
        ))}
      </tbody>
    </table>
  );
}

function SiteRow({ site, onOpen }: { site: Site; onOpen: (open: Open) => void }) {
  const now = useNow();
  const { site: name, status } = site;
  const expired = status === "invited" && site.inviteExpiresAt !== null && site.inviteExpiresAt <= now;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td data-label="State">
        <Badge label={expired ? { text: "Invite expired", tone: "waiting" } : siteLabel(status)} />
      </td>
      <td data-label="Connection">
        {status === "invited" ? (
          <span class="muted">{expired ? "–" : "Has not enrolled yet"}</span>
        ) : (
          <span class="mark">
            <Icon name={site.connected ? "link" : "dash"} size={15} />
            {site.connected ? "Connected" : "Not connected"}
          </span>
        )}
      </td>
      <td data-label="Last message">
        <Ago at={site.lastMessage} none="–" />
      </td>
      <td data-label="Keys">
        {site.fingerprint === null ? (
          site.inviteExpiresAt && !expired ? (
            <span class="muted">
              invite ends <Ago at={site.inviteExpiresAt} />
            </span>
          ) : (
            <span class="muted">–</span>
          )
        ) : (
          <span>
            since <Ago at={site.keysSince ?? site.createdAt} />
          </span>
        )}
      </td>
      <td data-label="Sent / received" class="num nowrap">
        {bytes(site.bytesUp)} / {bytes(site.bytesDown)}
      </td>
      <td class="actions">
        <div class="row" style={{ justifyContent: "flex-end", flexWrap: "nowrap" }}>
          {site.words !== null && status !== "pending" && (
            <button
              type="button"
              class="btn btn-quiet"
              onClick={() => onOpen({ kind: "words", site })}
              aria-label={`Words of ${name}`}
            >
              Words
            </button>
          )}
          {status === "pending" && (
            <AdminButton
              class="btn btn-primary"
              onClick={() => onOpen({ kind: "approve", site })}
              label={`Compare words and approve ${name}`}
            >
              Compare and approve
            </AdminButton>
          )}
          {status === "revoked" && site.fingerprint !== null && (
            <AdminButton onClick={() => onOpen({ kind: "approve", site })} label={`Approve ${name} again`}>
              Approve again
            </AdminButton>
          )}
          {status === "invited" && (
            <AdminButton onClick={() => onOpen({ kind: "invite", site: name })} label={`New invite for ${name}`}>
              New invite
            </AdminButton>
          )}
          {status !== "revoked" && (
            <AdminButton
              class="btn btn-danger"
              onClick={() => onOpen({ kind: "revoke", site })}
              label={`Revoke ${name}`}
            >
              Revoke
            </AdminButton>
          )}
        </div>
      </td>
    </tr>
  );
}
