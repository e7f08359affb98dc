// Used by the tests in this process and by the coordinator in a process of its own, which runs without a compiler.

const TABLES = "studies|approvals|rounds|epochs|reports|report_failures";
const WRITE = new RegExp(`^\\s*(?:insert\\s+into|update|delete\\s+from)\\s+"(${TABLES})"`, "i");
const VERB = /^\s*(begin|start transaction|commit|rollback)\b/i;

/**
 * Finds, in the statements of one connection, the points at which what is stored of studies changes: single statements,
 * and the ends of transactions that hold some. See write-points.d.mts.
 */
export function writePoints(around, study) {
  /** What the open transaction changes; undefined outside of one. */
  let open;
  return (sql, parameters, run) => {
    const verb = VERB.exec(sql)?.[1].toLowerCase();
    if (verb !== undefined) {
      const changes = open ?? [];
      open = verb === "commit" || verb === "rollback" ? undefined : [];
      return verb === "commit" && changes.length > 0 ? around(changes.join(", "), run) : run();
    }
    const table = WRITE.exec(sql)?.[1];
    if (table === undefined || (study !== undefined && !(parameters ?? []).includes(study))) return run();
    const what = `${sql.trim().split(/\s/)[0].toLowerCase()} ${table}`;
    if (open === undefined) return around(what, run);
    open.push(what);
    return run();
  };
}
