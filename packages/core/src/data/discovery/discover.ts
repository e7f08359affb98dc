import { PARTS } from "../parts.js";
import type { Problem } from "../problem.js";
import { empty } from "./complaints.js";
import { type FoundCase, together } from "./found-case.js";
import { called, shelvesOf } from "./layout.js";
import { listedCases, MANIFEST } from "./listed.js";
import { listFolder } from "./listing.js";
import { type PairingOptions, pairShelf } from "./pairing.js";

/** Everything that a data folder holds, with everything that is wrong with it so far: no picture has been read. */
export interface Discovery {
  readonly folder: string;
  /** In the order in which they are numbered, the parts of a split that the folder brings one after the other. */
  readonly cases: readonly FoundCase[];
  readonly problems: readonly Problem[];
  readonly unused: number;
  /** Whether the folder or its manifest says which case is in which part. */
  readonly ownSplit: boolean;
}

/** A folder of nothing but such files most likely holds something else than pictures, unless a manifest lists them. */
const UNREADABLE = "IMAGE_UNREADABLE";

/** A manifest counts where there is one, else folders. */
async function find(folder: string, options: PairingOptions) {
  const names = await listFolder(folder);
  const manifest = called(names ?? [], [MANIFEST]);
  if (manifest) return { ...(await listedCases(folder, manifest, options)), listed: true };
  const shelves = await shelvesOf(folder);
  if (!shelves) return undefined;
  const found = [];
  for (const shelf of shelves) found.push(await pairShelf(shelf, options));
  return { ...together(found), listed: false };
}

/**
 * Finds the cases of a data folder by names, headers and label maps. Reads no pictures.
 * @returns problems instead of errors, all of them
 */
export async function discover(folder: string, options: PairingOptions): Promise<Discovery> {
  const found = await find(folder, options);
  if (!found) return { folder, cases: [], unused: 0, ownSplit: false, problems: [missing(folder)] };
  const { cases, problems, unused, listed } = found;
  const ownSplit = cases.some(({ part }) => part !== undefined);
  const ordered = ownSplit ? PARTS.flatMap((part) => cases.filter((one) => one.part === part)) : cases;
  const told = problems.some(
    ({ severity, code }) => severity === "fatal" || (severity === "case" && (listed || code !== UNREADABLE)),
  );
  const none = cases.length === 0 && !told;
  const nothing = none
    ? [
        empty(
          folder,
          "holds no picture with its mask",
          "put pictures into images/ and masks of the same names into masks/",
        ),
      ]
    : [];
  return { folder, cases: ordered, problems: [...problems, ...nothing], unused, ownSplit };
}

function missing(folder: string): Problem {
  return {
    severity: "fatal",
    code: "DATASET_MISSING",
    file: folder,
    message: "no such folder, or it may not be read",
    remedy: "check the path",
  };
}
