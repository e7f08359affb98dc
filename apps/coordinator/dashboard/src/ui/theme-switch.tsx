import { useStore } from "../state/hooks.js";
import { setTheme, type Theme, themeStore } from "../state/theme.js";
import { Icon, type IconName } from "./icon.js";

const CHOICES: readonly { theme: Theme; icon: IconName; label: string }[] = [
  { theme: "light", icon: "sun", label: "Light" },
  { theme: "system", icon: "screen", label: "As the system" },
  { theme: "dark", icon: "moon", label: "Dark" },
];

/** Light, dark, or as the system has it; remembered. */
export function ThemeSwitch() {
  const now = useStore(themeStore);
  return (
    <div class="segmented" role="group" aria-label="Theme">
      {CHOICES.map(({ theme, icon, label }) => (
        <button
          key={theme}
          type="button"
          aria-pressed={now === theme}
          aria-label={label}
          title={label}
          onClick={() => setTheme(theme)}
        >
          <Icon name={icon} size={16} />
        </button>
      ))}
    </div>
  );
}
