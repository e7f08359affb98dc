// Before the first paint, so that a chosen theme does not flash. Nothing but the theme is ever kept in the browser.
try {
  const theme = localStorage.getItem("fedbaps-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme it is.
}
