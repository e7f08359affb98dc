import { useEffect, useRef } from "preact/hooks";
import { ask } from "./api/client.js";
import { linkStore } from "./api/events.js";
import { signedOut } from "./api/session.js";
import type { Session } from "./api/types.js";
import { LostBanner } from "./lost-banner.js";
import { CurrentPage } from "./pages/current-page.js";
import { useStore } from "./state/hooks.js";
import { routeStore } from "./state/router.js";
import { Boundary } from "./ui/boundary.js";
import { Icon, type IconName } from "./ui/icon.js";
import { Link } from "./ui/link.js";
import { Mark } from "./ui/mark.js";
import { ThemeSwitch } from "./ui/theme-switch.js";

const PAGES: readonly { href: string; title: string; icon: IconName; pages: readonly string[] }[] = [
  { href: "/studies", title: "Studies", icon: "studies", pages: ["studies", "study", "new-study", "edit-study"] },
  { href: "/sites", title: "Sites", icon: "sites", pages: ["sites"] },
  { href: "/audit", title: "Audit trail", icon: "audit", pages: ["audit"] },
  { href: "/coordinator", title: "Coordinator", icon: "coordinator", pages: ["coordinator"] },
  { href: "/set-up", title: "Set up", icon: "setup", pages: ["set-up"] },
];

/** The frame around every page. */
export function Shell({ session }: { session: Session }) {
  const route = useStore(routeStore);
  const link = useStore(linkStore);
  const main = useRef<HTMLElement>(null);
  // The audit trail of another study is the same page: what was checked on it stays, and so does the focus.
  const key = route.page === "audit" ? route.page : JSON.stringify(route);
  const first = useRef(key);
  useEffect(() => {
    // Who came by the keyboard goes on at the new page's top.
    if (first.current !== key) main.current?.focus();
    first.current = "";
    // On a narrow screen the pages are a strip that may be longer than the screen.
    document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [key]);
  const signOut = async () => {
    await ask("DELETE", "/session").catch(() => undefined);
    signedOut(false);
  };
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <div class="shell">
        <header class="side">
          <Link href="/" class="brand">
            <Mark />
            FedBAPS
          </Link>
          <nav class="nav" aria-label="Main">
            <ul>
              {PAGES.map(({ href, title, icon, pages }) => (
                <li key={href}>
                  <Link href={href} aria-current={pages.includes(route.page) ? "page" : undefined}>
                    <Icon name={icon} />
                    {title}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <div class="side-foot">
            <p class="link-state">
              <Icon name={link.kind === "live" ? "link" : "clock"} size={15} />
              {link.kind === "live" ? "Live" : link.kind === "lost" ? "Not connected" : "Connecting"}
            </p>
            <ThemeSwitch />
            <div class="account">
              <div class="account-name">
                <strong title={session.name}>{session.name}</strong>
                <span class="muted">{session.role === "admin" ? "Administrator" : "May look only"}</span>
              </div>
              <button
                type="button"
                class="btn btn-icon"
                onClick={() => void signOut()}
                aria-label="Sign out"
                title="Sign out"
              >
                <Icon name="out" size={16} />
              </button>
            </div>
          </div>
        </header>
        <div>
          <LostBanner />
          <main class="main" id="main" ref={main} tabIndex={-1}>
            <Boundary key={key}>
              <CurrentPage route={route} />
            </Boundary>
          </main>
        </div>
      </div>
    </>
  );
}
