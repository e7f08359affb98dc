import { useEffect } from "preact/hooks";
import { ask } from "./api/client.js";
import { follow, unfollow } from "./api/events.js";
import { Problem } from "./api/problem.js";
import { sessionStore, signedIn, signedOut } from "./api/session.js";
import type { Session } from "./api/types.js";
import { waitBeforeTry } from "./logic/backoff.js";
import { SignIn } from "./pages/sign-in.js";
import { Starting } from "./pages/starting.js";
import { Shell } from "./shell.js";
import { useStore } from "./state/hooks.js";
import { Toasts } from "./ui/toasts.js";

/** The dashboard: signed out it is the sign-in, at whatever address; signed in, that address's page. */
export function App() {
  const state = useStore(sessionStore);
  useEffect(() => {
    if (state.kind !== "unknown") return;
    let timer: number | undefined;
    let failures = 0;
    const find = async () => {
      try {
        signedIn((await ask<Session>("GET", "/session")).body);
      } catch (problem) {
        if (problem instanceof Problem && !problem.unreachable && problem.status < 500) return signedOut(false);
        timer = window.setTimeout(() => void find(), waitBeforeTry(++failures));
      }
    };
    void find();
    return () => window.clearTimeout(timer);
  }, [state.kind]);
  const inside = state.kind === "in";
  useEffect(() => {
    if (!inside) return;
    follow();
    return unfollow;
  }, [inside]);
  return (
    <>
      {state.kind === "unknown" && <Starting />}
      {state.kind === "out" && <SignIn expired={state.expired} />}
      {state.kind === "in" && <Shell session={state.session} />}
      <Toasts />
    </>
  );
}
