import type { RosterView } from "../../api/types.js";
import { names } from "../../logic/numbers.js";
import { Copy } from "../../ui/copy.js";
import { Notice } from "../../ui/notice.js";
import { Words } from "../../ui/words.js";

export function RosterStep({ roster: { current, candidates } }: { roster: RosterView }) {
  const signed = new Set(current?.signed.roster.members.map(({ site }) => site) ?? []);
  const missing = candidates.map(({ site }) => site).filter((site) => !signed.has(site));
  return (
    <>
      <p>
        The roster is the list of sites with whom sums are made, signed with your own key. Run this on your own machine,
        not on the coordinator:
      </p>
      <Copy what="the command" text={`fedbaps-coordinator roster sign --url ${location.origin}`} />
      <p class="hint">
        Why not here in the browser: the lead's key never leaves the lead's machine. So not even this coordinator, were
        it broken into, could slip a site of its own into a sum. On another machine the command also needs an
        administrator's token, in the variable <code>FEDBAPS_ADMIN_TOKEN</code>.
      </p>
      {current && (
        <div class="stack-tight">
          <h3>
            Roster version {current.signed.roster.version}: {names([...signed], 6)}
          </h3>
          <p>
            Read these words to every site. There, <code>fedbaps-site roster accept</code> asks for them.
          </p>
          <Words words={current.words} large label="Words of the roster" />
        </div>
      )}
      {current && missing.length > 0 && (
        <Notice tone="waiting">
          {names(missing)} {missing.length === 1 ? "is" : "are"} approved but not on the roster. Sign it again to add{" "}
          {missing.length === 1 ? "it" : "them"}.
        </Notice>
      )}
    </>
  );
}
