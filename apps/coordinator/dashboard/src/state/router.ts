import { parseRoute, type Route } from "../logic/routes.js";
import { createStore } from "./store.js";

const read = (): Route => parseRoute(location.pathname, location.search);

export const routeStore = createStore<Route>(read());

window.addEventListener("popstate", () => routeStore.set(read()));

/** Goes to another page of the dashboard. */
export function go(path: string, replace = false): void {
  if (replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  routeStore.set(read());
  if (!replace) window.scrollTo(0, 0);
}
