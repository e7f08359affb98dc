// The dashboard's part of `npm run build`: bundles it into apps/coordinator/dist/dashboard.
import { buildDashboard } from "./ensure-installed.mjs";

buildDashboard();
