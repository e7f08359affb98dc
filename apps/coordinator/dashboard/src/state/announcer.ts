import { createStore } from "./store.js";

export interface Announcement {
  readonly id: number;
  readonly text: string;
}

export const announcements = createStore<readonly Announcement[]>([]);
let next = 1;
const SHOWN = 6000;
const AT_ONCE = 3;

/** Says what has just happened, on the screen and to screen readers. */
export function announce(text: string): void {
  const id = next++;
  announcements.set([...announcements.get(), { id, text }].slice(-AT_ONCE));
  window.setTimeout(() => announcements.set(announcements.get().filter((one) => one.id !== id)), SHOWN);
}
