import { createStore } from "../state/store.js";
import type { Session } from "./types.js";

export type SessionState =
  | { readonly kind: "unknown" }
  | { readonly kind: "in"; readonly session: Session }
  /** `expired`: it ended while the dashboard was in use. */
  | { readonly kind: "out"; readonly expired: boolean };

export const sessionStore = createStore<SessionState>({ kind: "unknown" });

export function signedIn(session: Session): void {
  sessionStore.set({ kind: "in", session });
}

export function signedOut(expired: boolean): void {
  const before = sessionStore.get();
  if (before.kind === "out") return;
  sessionStore.set({ kind: "out", expired: expired && before.kind === "in" });
}
