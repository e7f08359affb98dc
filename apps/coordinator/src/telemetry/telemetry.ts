/** What the coordinator counts while it works. Operations only: no figure here depends on an image. */
export interface Telemetry {
  /** A message of an admitted site: its event, and what became of it. */
  message(event: string, outcome: "accepted" | "refused" | "malformed"): void;
  /** A connection that was not admitted, by the code that it was told. */
  siteRefused(code: string): void;
  /** A round left a phase after so many seconds. */
  phaseEnded(phase: string, seconds: number): void;
  roundEnded(outcome: "completed" | "aborted", code: string | null, seconds: number): void;
  /** A study's lease came to this process: it was free, or its holder was gone. */
  leaseTaken(from: "free" | "expired"): void;
}

const nothing = () => {};

export const noTelemetry: Telemetry = {
  message: nothing,
  siteRefused: nothing,
  phaseEnded: nothing,
  roundEnded: nothing,
  leaseTaken: nothing,
};
