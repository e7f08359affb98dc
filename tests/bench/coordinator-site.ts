import { setTimeout as pause } from "node:timers/promises";
import { type Identity, sign } from "@fedbaps/core/secagg/keys.js";
import type { Acknowledgement, Challenge, Instruction, StudyOffer } from "@fedbaps/core/wire/messages.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import type { Roster, SignedRoster } from "@fedbaps/core/wire/roster.js";
import { authTranscript } from "@fedbaps/core/wire/transcripts.js";
import { io, type Socket } from "socket.io-client";

const RETRY_MS = 200;

/** The study that an instruction belongs to. */
export function studyOf(instruction: Instruction): string {
  if ("cohort" in instruction) return instruction.cohort.reference.study;
  return "reference" in instruction ? instruction.reference.study : instruction.study;
}

/** A simulated site's link: it says who it is, approves whatever it is offered, and hands on what it is asked. */
export class SimulatedSite {
  #socket: Socket | undefined;
  #approved = "";
  #offers: readonly StudyOffer[] = [];
  #roster: Roster | undefined;
  /** Who takes the instructions, by the study's name. */
  readonly takers = new Map<string, (instruction: Instruction) => void>();

  constructor(readonly identity: Identity) {}

  /** Resolves when the coordinator has admitted the site. Where it takes no more strangers, tries again. */
  async connect(url: string): Promise<void> {
    while (!(await this.#tryToConnect(url))) await pause(RETRY_MS);
  }

  #tryToConnect(url: string): Promise<boolean> {
    const socket = io(url, { transports: ["websocket"], reconnection: false, forceNew: true });
    this.#socket = socket;
    socket.on("challenge", (challenge: Challenge) => {
      const { site } = this.identity;
      const signature = sign(authTranscript(challenge, site), this.identity.sign.secretKey);
      socket.emit("auth", { protocol: PROTOCOL_VERSION, site, signature }, () => {});
    });
    socket.on("roster", (signed: SignedRoster | null) => {
      this.#roster = signed?.roster;
    });
    socket.on("studies", (offers: StudyOffer[]) => this.#approve(offers));
    socket.on("instruction", (instruction: Instruction) => this.takers.get(studyOf(instruction))?.(instruction));
    return new Promise((resolve, reject) => {
      socket.on("admitted", () => resolve(true));
      socket.on("connect_error", () => resolve(false));
      socket.on("refused", ({ code }: { code: string }) => reject(new Error(`${this.identity.site}: ${code}`)));
    });
  }

  #approve(offers: readonly StudyOffer[]): void {
    this.#offers = offers;
    const hashes = offers.map(({ hash }) => hash);
    if (this.#approved === hashes.join()) return;
    this.#approved = hashes.join();
    this.#socket?.emit("approvals", { hashes }, () => {});
  }

  /** @throws Error where the coordinator refuses the message. */
  async send(event: string, message: unknown): Promise<void> {
    const answer: Acknowledgement = await this.#socket?.emitWithAck(event, message);
    if (!answer.ok) throw new Error(`${this.identity.site}: ${event} was refused with ${answer.code}`);
  }

  /** Fetches the sums after so many rounds, and lets them go. */
  async fetchSums(study: string, after: number): Promise<void> {
    const page: object = await this.#socket?.emitWithAck("history", { study, after });
    if (!("sums" in page)) throw new Error(`${this.identity.site} was given no sums`);
  }

  /** What a key of this study is made for and opened with. */
  scopeOf(study: string) {
    const offer = this.#offers.find(({ spec }) => spec.name === study);
    if (!this.#roster || !offer) throw new Error(`${this.identity.site} has no roster or no study ${study}`);
    const sites = [...offer.spec.participation.sites].sort();
    return { studyHash: offer.hash, roster: this.#roster, sites };
  }

  get connected(): boolean {
    return this.#socket?.connected ?? false;
  }

  /** Bytes of the TCP connection so far, HTTP upgrade included, seen from the site. */
  get traffic(): { up: number; down: number } {
    const { bytesWritten = 0, bytesRead = 0 } =
      (this.#socket?.io.engine.transport as Transport | undefined)?.ws?._socket ?? {};
    return { up: bytesWritten, down: bytesRead };
  }

  close(): void {
    this.#socket?.disconnect();
  }
}

/** What the WebSocket transport of the client holds under Node. */
interface Transport {
  readonly ws?: { readonly _socket?: { readonly bytesWritten: number; readonly bytesRead: number } };
}
