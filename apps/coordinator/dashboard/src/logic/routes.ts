export type Route =
  | { readonly page: "home" }
  | { readonly page: "set-up" }
  | { readonly page: "studies" }
  | { readonly page: "new-study"; readonly from: string | undefined }
  | { readonly page: "study"; readonly name: string }
  | { readonly page: "edit-study"; readonly name: string }
  | { readonly page: "sites" }
  | { readonly page: "audit"; readonly study: string | undefined }
  | { readonly page: "coordinator" }
  | { readonly page: "unknown" };

/** Reads an address of the dashboard. */
export function parseRoute(path: string, query = ""): Route {
  const parts = path.split("/").filter(Boolean).map(decode);
  const parameter = (name: string) => new URLSearchParams(query).get(name) || undefined;
  const [first, second, third] = parts;
  if (first === undefined) return { page: "home" };
  if (first === "studies" && second !== undefined) {
    if (third === undefined) return { page: "study", name: second };
    if (third === "edit" && parts.length === 3) return { page: "edit-study", name: second };
    return { page: "unknown" };
  }
  if (parts.length > 1) return { page: "unknown" };
  if (first === "new-study") return { page: "new-study", from: parameter("from") };
  if (first === "audit") return { page: "audit", study: parameter("study") };
  if (first === "set-up" || first === "studies" || first === "sites" || first === "coordinator") return { page: first };
  return { page: "unknown" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const studyPath = (name: string) => `/studies/${encodeURIComponent(name)}`;
