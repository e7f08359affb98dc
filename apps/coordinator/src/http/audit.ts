import { once } from "node:events";
import type { AuditLog } from "../audit/audit-log.js";
import { type Route, route } from "./route.js";
import { auditPageSchema, auditQuery, auditVerdictSchema } from "./schemas/audit.js";
import { DEFAULT_LIMIT } from "./schemas/common.js";

export interface AuditComponents {
  readonly audit: AuditLog;
}

/** The audit log: to read, to take away, to check. Nothing here changes it. */
export function auditRoutes({ audit }: AuditComponents): Route[] {
  return [
    route({
      method: "get",
      path: "/audit",
      summary: "Records of the audit log, in their order, and how far it goes",
      role: "viewer",
      query: auditQuery,
      answer: { status: 200, description: "one page of them", schema: auditPageSchema },
      async handle({ query: { after = 0, limit = DEFAULT_LIMIT, study } }) {
        return { ...(await audit.page(after, limit, study)), head: await audit.head() };
      },
    }),
    route({
      method: "get",
      path: "/audit/export",
      summary: "The whole audit log, one JSON document a line; the last is the signed head",
      role: "viewer",
      answer: { status: 200, description: "the log", mediaType: "application/jsonl" },
      async handle({ response }) {
        response.setHeader("Content-Disposition", 'attachment; filename="audit.jsonl"');
        response.type("application/jsonl");
        const gone = new AbortController();
        response.once("close", () => gone.abort());
        for await (const entry of audit.export()) {
          if (gone.signal.aborted) return;
          if (!response.write(`${JSON.stringify(entry)}\n`))
            await once(response, "drain", { signal: gone.signal }).catch(() => {});
        }
        response.end();
      },
    }),
    route({
      method: "get",
      path: "/audit/verify",
      summary: "Checks the audit log from its first record to its last",
      role: "viewer",
      answer: { status: 200, description: "the verdict", schema: auditVerdictSchema },
      handle: () => audit.verify(),
    }),
  ];
}
