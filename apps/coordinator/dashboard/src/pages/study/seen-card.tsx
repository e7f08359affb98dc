import { useEffect, useState } from "preact/hooks";
import { Problem } from "../../api/problem.js";
import type { Seen, Study } from "../../api/types.js";
import { bytes, whole } from "../../logic/numbers.js";
import { useResource } from "../../state/use-resource.js";
import { Ago } from "../../ui/ago.js";
import { Card } from "../../ui/card.js";
import { Empty } from "../../ui/empty.js";
import { Loaded } from "../../ui/loading.js";
import { Cipher, type CipherForm } from "./cipher.js";
import { SeenWords } from "./seen-words.js";

/** The real bytes that the coordinator got in the newest completed round, beside what they mean. */
export function SeenCard({ study }: { study: Study }) {
  const path = study.completed === 0 ? null : `/studies/${encodeURIComponent(study.name)}/seen`;
  const seen = useResource<Seen>(path, () => false);
  // It changes with each completed round and not before.
  useEffect(seen.reload, [study.completed]);
  const [form, setForm] = useState<CipherForm>("hex");
  const none =
    path === null || (seen.data === undefined && seen.problem instanceof Problem && seen.problem.status === 404);
  const choice = (value: CipherForm, text: string) => (
    <button type="button" aria-pressed={form === value} onClick={() => setForm(value)}>
      {text}
    </button>
  );
  return (
    <Card
      title="What the coordinator sees"
      flush
      aside={
        seen.data && (
          <div class="segmented" role="group" aria-label="Show the bytes as">
            {choice("hex", "Bytes")}
            {choice("numbers", "Numbers")}
          </div>
        )
      }
    >
      {none ? (
        <Empty icon="blind" title="Nothing yet" small>
          <p>After the first completed round, the very bytes that the coordinator got are shown here.</p>
        </Empty>
      ) : (
        <Loaded from={seen}>
          {(data) => (
            <div class="seen">
              <div>
                <p class="hint">
                  Round {data.round}
                  {data.attempt > 1 && `, attempt ${data.attempt}`}, <Ago at={data.at} />: the first 48 of{" "}
                  {bytes(data.sum.bytes)} of each vector ({whole(data.vectorLength)} numbers).
                </p>
                {data.inputs.map(({ site, ...vector }) => (
                  <Cipher key={site} title={site} what="its masked update" vector={vector} form={form} />
                ))}
                <Cipher
                  title="The sum of all"
                  what={data.sealed ? "still sealed" : "opened"}
                  vector={data.sum}
                  form={form}
                />
              </div>
              <SeenWords sealed={data.sealed} sites={data.inputs.length} />
            </div>
          )}
        </Loaded>
      )}
    </Card>
  );
}
