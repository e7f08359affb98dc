import { describeCrashPoints } from "../support/crash-points.js";

await describeCrashPoints(Number.POSITIVE_INFINITY);
