import { type CkksCosts, CkksSum } from "./secagg-ckks.js";
import { playRound, type RoundCosts, SITE_STEPS } from "./secagg-round.js";
import { sumRow } from "./secagg-sum.js";
import { median, rounded } from "./statistics.js";
import type { Row } from "./table.js";

const LENGTHS = [1e4, 1e5, 1e6];
const SITES = [3, 10, 50];
const BYTES_OF_FLOAT32 = 4;

// Targets: the site's work for 1e5 elements and 10 sites, the upload for all.
const TARGET = { elements: 1e5, sites: 10, siteMs: 60, timesLessThanCkks: 20, upload: 1.05, bytesPerPeer: 500 };

/** Secure aggregation beside homomorphic encryption (CKKS): work of a site and of the coordinator, bytes. */
export async function benchSecagg(): Promise<Row[]> {
  const ckks = await CkksSum.open();
  const rows: Row[] = [];
  for (const elements of LENGTHS) {
    const encrypted = await repeated(elements > 1e5 ? 2 : 5, () => ckks.measure(elements));
    for (const sites of SITES) {
      const rounds = await repeated(elements * sites > 1e6 ? 1 : 3, () => playRound({ sites, elements }));
      rows.push(...roundRows({ elements, sites, rounds, encrypted }));
    }
  }
  for (const elements of LENGTHS) rows.push(sumRow(elements));
  return rows;
}

/** Once uncounted where it is repeated at all: a long task warms itself up. */
async function repeated<T>(counted: number, task: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = counted > 1 ? -1 : 0; i < counted; i++) {
    const result = await task();
    if (i >= 0) results.push(result);
  }
  return results;
}

interface Compared {
  readonly elements: number;
  readonly sites: number;
  readonly rounds: readonly RoundCosts[];
  readonly encrypted: readonly CkksCosts[];
}

function roundRows({ elements, sites, rounds, encrypted }: Compared): Row[] {
  const size = { elements, sites };
  const middle = <T>(list: readonly T[], figure: (item: T) => number) => rounded(median(list.map(figure)));
  const everySite = rounds.flatMap((round) => round.sites);
  const total = (site: RoundCosts["sites"][number]) => SITE_STEPS.reduce((sum, step) => sum + site[step], 0);
  const siteMs = middle(everySite, total);
  const ckksMs = middle(encrypted, ({ encode, encrypt, decrypt }) => encode + encrypt + decrypt);
  const plainBytes = elements * BYTES_OF_FLOAT32;
  const [{ bytesUp, bytesDown, error }] = rounds;
  const [{ cipherTexts, bytes, error: ckksError }] = encrypted;
  const uploadLimit = TARGET.upload * plainBytes + TARGET.bytesPerPeer * (sites - 1);
  const targeted = elements === TARGET.elements && sites === TARGET.sites;
  const times = rounded(ckksMs / siteMs);
  return [
    {
      measured: "a site's whole work for one sum, in milliseconds of processor time (medians)",
      ...size,
      samples: everySite.length,
      siteMs,
      ckksSiteMs: ckksMs,
      timesLess: times,
      ...(targeted && {
        target: `< ${TARGET.siteMs} ms, ${TARGET.timesLessThanCkks} times less`,
        met: `${yes(siteMs < TARGET.siteMs)}, ${yes(times >= TARGET.timesLessThanCkks)}`,
      }),
    },
    {
      measured: "a site's steps, in milliseconds of processor time (medians)",
      ...size,
      ...Object.fromEntries(SITE_STEPS.map((step) => [`${step}Ms`, middle(everySite, (site) => site[step])])),
      ckksEncodeMs: middle(encrypted, ({ encode }) => encode),
      ckksEncryptMs: middle(encrypted, ({ encrypt }) => encrypt),
      ckksDecryptMs: middle(encrypted, ({ decrypt }) => decrypt),
    },
    {
      measured: "the coordinator's work for one sum, in milliseconds of processor time (medians)",
      ...size,
      samples: rounds.length,
      coordinatorMs: middle(rounds, ({ coordinator }) => coordinator),
      ofWhichVectorsMs: rounded(sites * median(rounds.flatMap(({ receive }) => receive))),
      ofWhichUnmaskMs: middle(rounds, ({ finish }) => finish),
      ckksMs: rounded(sites * median(encrypted.map(({ add }) => add))),
      ckksFrom: `one site's ${cipherTexts} cipher texts, times ${sites}`,
    },
    {
      measured: "bytes from and to one site, and the largest error of a sum of numbers up to 1",
      ...size,
      plainFloat32Bytes: plainBytes,
      upBytes: bytesUp,
      downBytes: bytesDown,
      ckksUpBytes: bytes,
      upTimesPlain: rounded(bytesUp / plainBytes),
      ckksUpTimesPlain: rounded(bytes / plainBytes),
      target: `up <= ${Math.round(uploadLimit)}`,
      met: yes(bytesUp <= uploadLimit),
      error: Number(error.toPrecision(2)),
      ckksErrorOfTwo: Number(ckksError.toPrecision(2)),
    },
  ];
}

function yes(condition: boolean): string {
  return condition ? "yes" : "no";
}
