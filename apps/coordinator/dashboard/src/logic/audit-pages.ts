import type { AuditPage, AuditRecord } from "../api/types.js";

/**
 * Reads the records up to number `end`, the newest first, from an API that pages from the oldest: windows of growing
 * size are read backwards until `wanted` records are there. `end` of the answer is where the next older page begins; 0
 * where there is none.
 */
export async function olderPage(
  get: (path: string) => Promise<AuditPage>,
  filter: string,
  end: number,
  wanted: number,
): Promise<{ records: AuditRecord[]; end: number }> {
  const found: AuditRecord[] = [];
  let to = end;
  for (let width = wanted; to > 0 && found.length < wanted; width = Math.min(1600, width * 2)) {
    const from = Math.max(0, to - width);
    const window = await readWindow(get, filter, from, to);
    found.unshift(...window);
    to = from;
  }
  return { records: found.reverse(), end: to };
}

async function readWindow(
  get: (path: string) => Promise<AuditPage>,
  filter: string,
  from: number,
  to: number,
): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  for (let after = from; ; ) {
    const page = await get(`/audit?after=${after}&limit=200${filter}`);
    records.push(...page.records.filter(({ seq }) => seq > from && seq <= to));
    const last = page.records.at(-1)?.seq;
    if (page.next === null || last === undefined || last >= to) return records;
    after = last;
  }
}
