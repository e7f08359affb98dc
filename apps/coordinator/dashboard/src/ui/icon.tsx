const PATHS = {
  studies: "M4 19V5m0 14h16M8 15l3.5-4 3 2.5L20 7",
  sites: "M4 21V8l6-4v17M10 21h10V11H10m4 4h2m-2 3h2M7 12h0m0 4h0",
  audit: "M7 3h7l4 4v14H7zM14 3v4h4M10 12h5m-5 4h5",
  coordinator: "M4 5h16v6H4zm0 8h16v6H4zm4-5h0m0 8h0",
  setup: "M9 6h11M9 12h11M9 18h11M4 6l1 1 1.6-2M4 12l1 1 1.6-2M4 18l1 1 1.6-2",
  check: "m5 12.5 4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6 6 18",
  clock: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  play: "M8 5v14l11-7z",
  pause: "M9 5v14M15 5v14",
  dot: "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  dash: "M7 12h10",
  warning: "M12 4 2.8 20h18.4zM12 10v4m0 3h0",
  info: "M12 11v5m0-8h0M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5",
  blind:
    "M4 4l16 16M10 6c6.5-1.5 11.5 6 11.5 6s-1 1.9-2.9 3.6M6 8C3.7 9.8 2.5 12 2.5 12s3.5 6.5 9.5 6.5c1.3 0 2.5-.3 3.5-.7",
  plus: "M12 5v14M5 12h14",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.5 1.5M17.5 17.5 19 19M5 19l1.5-1.5M17.5 6.5 19 5",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5",
  screen: "M3 5h18v11H3zM9 20h6m-3-4v4",
  out: "M14 4H5v16h9M10 12h11m-4-4 4 4-4 4",
  link: "M12 20h0M8.5 16.5a5 5 0 0 1 7 0M5 13a10 10 0 0 1 14 0M2 9.5a15 15 0 0 1 20 0",
  shield: "M12 3 4.5 6v6c0 4.5 3.2 7.7 7.5 9 4.3-1.3 7.5-4.5 7.5-9V6zM9 12l2.2 2.2L15.5 10",
} as const;

export type IconName = keyof typeof PATHS;

/** A drawn sign; it never stands alone for its meaning. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={size < 16 ? 2.5 : 1.8}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
