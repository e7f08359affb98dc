/** The product's sign: sites around a sum. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" fill="var(--accent)" />
      <path d="M16 16 9 9.5M16 16l7-6.5M16 16v8" stroke="var(--on-accent)" stroke-width="2" />
      <g fill="var(--on-accent)">
        <circle cx="16" cy="16" r="4" />
        <circle cx="9" cy="9.5" r="2.6" />
        <circle cx="23" cy="9.5" r="2.6" />
        <circle cx="16" cy="24.5" r="2.6" />
      </g>
    </svg>
  );
}
