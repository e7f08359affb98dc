import { transcript } from "@fedbaps/core/common/bytes.js";
import { updateLength } from "@fedbaps/core/federation/update.js";
import { SHARE_BYTES } from "@fedbaps/core/secagg/share-box.js";
import type { EpochDeal } from "@fedbaps/core/wire/epoch.js";
import type { Auth, HistoryRequest, Progress, Reply, SiteReport } from "@fedbaps/core/wire/messages.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import type { Policy } from "./policy.js";

/**
 * Bytes that a site sends in a study, as they go into the socket: WebSocket frames (RFC 6455) with Socket.IO packets
 * (protocol 5), without what TLS and TCP add. A round that has to be made again is sent again.
 */
export interface Traffic {
  /** Each time the site connects: request, proof, approvals. */
  readonly connection: number;
  /** Each round, all messages of a site that nobody drops out of. */
  readonly round: number;
  /** Of it, the masked vector. */
  readonly vector: number;
  /** Once, at a site of a sealed study that has no key yet: one for all sites; 0 where sums are not sealed. */
  readonly epochKey: number;
  readonly report: number;
  /** Steps and queries, once a second at most while the site works. */
  readonly progress: number;
  /** Every 25 seconds. */
  readonly alive: number;
  /** The whole study over one connection, progress and signs of life apart. */
  readonly study: number;
}

const NONCE_AND_TAG = 40;
const KEY_BYTES = 32;
/** The request by which the WebSocket begins: host names differ in length. */
const UPGRADE_BYTES = 280;
/** The number by which an answer is assigned to its message. */
const ACKNOWLEDGED = "100";

/**
 * What one site of a study will send, from messages of the wire's own types with all fields at their real sizes.
 * @param parameters of the decoder @param approved studies that the site takes part in
 */
export function studyTraffic(
  study: StudySpec,
  policy: Pick<Policy, "metrics">,
  site: string,
  parameters: number,
  approved = 1,
): Traffic {
  const reference = { study: study.name, round: study.rounds, attempt: 1 };
  const peers = study.participation.sites.filter((name) => name !== site);
  const dice = { valDice: 0.1234567890123456, zeroShotValDice: 0.1234567890123456 };
  const queries = study.budget;
  const own = policy.metrics === "own";
  const replies: Reply[] = [
    { phase: "recruiting", reference, ready: true },
    { phase: "training", reference, queries, ...(own ? { dice } : {}) },
    {
      phase: "advertiseKeys",
      reference,
      advertisement: { site, shareKey: base64(32), maskKey: base64(32), signature: base64(64) },
    },
    {
      phase: "shareKeys",
      reference,
      shares: peers.map((to) => ({ from: site, to, box: base64(shareBytes(site, to)) })),
    },
    { phase: "consistency", reference, signature: { site, signature: base64(64) } },
    {
      phase: "unmask",
      reference,
      shares: [site, ...peers].map((name) => ({ site: name, kind: "selfMask", share: base64(SHARE_BYTES.selfMask) })),
    },
  ];
  const vector = vectorBytes(reference, 4 * updateLength(parameters));
  const history: HistoryRequest = { study: study.name, after: study.rounds };
  const round = replies.reduce(
    (sum, reply) => sum + eventBytes("reply", reply),
    vector + eventBytes("history", history),
  );
  const progress: Progress = { reference, stepsDone: 1000, stepsPlanned: 1000, queries };
  const report: SiteReport = {
    study: study.name,
    deployed: true,
    queries,
    blackboxSeconds: 1234.567,
    version: study.rounds,
    ...(own ? { images: { train: 1000, val: 100, test: 100 }, zeroShotDice: 0.5, adaptedDice: 0.5 } : {}),
  };
  const auth: Auth = { protocol: PROTOCOL_VERSION, site, signature: base64(64) };
  const hashes = Array.from({ length: approved }, () => "0".repeat(64));
  const connection =
    UPGRADE_BYTES + frameBytes("40".length) + eventBytes("auth", auth) + eventBytes("approvals", { hashes });
  const parts = {
    connection,
    round,
    vector,
    epochKey: study.sealed ? bytesOf({ epoch: dealOf(study, site) }) : 0,
    report: eventBytes("report", report),
    progress: eventBytes("progress", progress),
    alive: frameBytes("3".length),
  };
  return { ...parts, study: connection + study.rounds * round + parts.epochKey + parts.report };
}

/** A box of one peer's two shares, by `sealShares`. */
function shareBytes(from: string, to: string): number {
  return NONCE_AND_TAG + transcript(from, to).length + SHARE_BYTES.selfMask + SHARE_BYTES.maskKey;
}

/** By `dealEpochKey`, with no key of an earlier roster. */
function dealOf({ participation }: StudySpec, maker: string): EpochDeal {
  const digest = "0".repeat(64);
  const boxes = participation.sites.map((site) => {
    const head = transcript("fedbaps/epoch-box", digest, digest, maker, site);
    return { site, box: base64(NONCE_AND_TAG + head.length + KEY_BYTES) };
  });
  return { studyHash: digest, rosterHash: digest, keyId: digest, maker, boxes, signature: base64(64) };
}

function vectorBytes(reference: Progress["reference"], length: number): number {
  const vector = { _placeholder: true, num: 0 };
  const packet = `451-${ACKNOWLEDGED}${JSON.stringify(["reply", { phase: "maskedInput", reference, vector }])}`;
  return frameBytes(packet.length) + frameBytes(length);
}

function eventBytes(event: string, message: object): number {
  return frameBytes(`42${ACKNOWLEDGED}${JSON.stringify([event, message])}`.length);
}

/** What a field adds to a message that has others. */
function bytesOf(field: object): number {
  return JSON.stringify(field).length - "{}".length + ",".length;
}

/** RFC 6455, section 5.2: what a client sends is masked, so the head has a key of four bytes. */
function frameBytes(payload: number): number {
  const length = payload < 126 ? 0 : payload < 65_536 ? 2 : 8;
  return 2 + length + 4 + payload;
}

function base64(bytes: number): string {
  return "A".repeat(4 * Math.ceil(bytes / 3));
}
