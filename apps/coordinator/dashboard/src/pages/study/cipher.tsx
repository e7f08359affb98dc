import type { SeenVector } from "../../api/types.js";
import { bytesOf, hexOf, ringOf } from "../../logic/ciphertext.js";
import { whole } from "../../logic/numbers.js";

export type CipherForm = "hex" | "numbers";

export interface CipherProps {
  title: string;
  what: string;
  vector: SeenVector;
  form: CipherForm;
}

/** One vector's first bytes, as grey squares and as text. */
export function Cipher({ title, what, vector: { head, sha256 }, form }: CipherProps) {
  const bytes = bytesOf(head);
  const columns = 24;
  const rows = Math.max(1, Math.ceil(bytes.length / columns));
  return (
    <div class="cipher">
      <div class="cipher-head">
        <h3>{title}</h3>
        <span class="hint">{what}</span>
      </div>
      <svg
        class="cipher-strip"
        viewBox={`0 0 ${columns} ${rows}`}
        preserveAspectRatio="none"
        shape-rendering="crispEdges"
        role="img"
        aria-label={`The bytes of ${title} as shades of grey: noise`}
      >
        {[...bytes].map((byte, i) => (
          <rect
            key={i}
            x={i % columns}
            y={Math.floor(i / columns)}
            width="1"
            height="1"
            fill={`rgb(${byte} ${byte} ${byte})`}
          />
        ))}
      </svg>
      <pre>{form === "hex" ? hexOf(bytes) : ringOf(bytes).map(whole).join("   ")}</pre>
      <span class="hint" style={{ fontSize: "0.75rem" }} title={`SHA-256 of the whole vector: ${sha256}`}>
        SHA-256 of the whole: <span class="mono">{sha256.slice(0, 16)}…</span>
      </span>
    </div>
  );
}
