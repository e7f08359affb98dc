import { createStore } from "./store.js";

export type Theme = "system" | "light" | "dark";
const KEY = "fedbaps-theme";

const chosen = document.documentElement.dataset.theme;
export const themeStore = createStore<Theme>(chosen === "light" || chosen === "dark" ? chosen : "system");

/** Whether dark is shown now. */
export function isDark(theme: Theme): boolean {
  return theme === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
}

export function setTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage is switched off: the choice lasts until the page is left.
  }
  themeStore.set(theme);
}
