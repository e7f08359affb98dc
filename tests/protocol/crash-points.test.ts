import { describeCrashPoints } from "../support/crash-points.js";

// A sample of the points; the end-to-end tests try all.
await describeCrashPoints(10);
