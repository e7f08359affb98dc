import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import { DemoError } from "./errors.js";
import type { Processes, Running } from "./processes.js";

/** What the demo reads of a study; the API says more. */
export interface StudyState {
  readonly status: string;
  readonly reason: string | null;
  readonly completed: number;
  readonly waiting: { readonly reason: string; readonly sites: readonly string[] } | null;
  readonly round: {
    readonly phase: string;
    readonly reference: { readonly round: number; readonly attempt: number };
  } | null;
  readonly rounds: readonly {
    readonly round: number;
    readonly attempt: number;
    readonly phase: string;
    readonly code: string | null;
    readonly survivors: readonly string[] | null;
  }[];
  readonly sites: readonly { readonly site: string; readonly connected: boolean }[];
  readonly traffic: { readonly bytesUp: number; readonly bytesDown: number };
}

/** A coordinator in a process of its own, and its API as an administrator uses it. */
export class CoordinatorProcess {
  private constructor(
    readonly url: string,
    readonly running: Running,
    private readonly token: string,
    private readonly processes: Processes,
    private readonly home: string,
  ) {}

  /** @throws DemoError DEMO_PROCESS, for example when the port is taken. */
  static async start(processes: Processes, home: string, port: number): Promise<CoordinatorProcess> {
    let lastError = "";
    let announce: (line: string) => void = () => {};
    const ready = new Promise<string>((resolve) => {
      announce = resolve;
    });
    const running = processes.start(
      "coordinator",
      ["serve", "--home", home, "--port", String(port), "--json", "--json-log"],
      {
        stdout: (line) => announce(line),
        stderr: (line) => {
          if (!line.startsWith("{")) lastError = line;
        },
      },
    );
    const first = await Promise.race([ready, running.ended]);
    if (typeof first === "number" || !first.startsWith("{"))
      throw new DemoError("DEMO_PROCESS", lastError || `the coordinator ended with ${first}`);
    const { url } = JSON.parse(first) as { url: string };
    const token = (await readFile(join(home, "admin-token"), "utf8")).trim();
    return new CoordinatorProcess(url, running, token, processes, home);
  }

  /** The file with the token that the dashboard asks for. */
  get tokenFile(): string {
    return join(this.home, "admin-token");
  }

  /** @returns the invite as a site's administrator gets it: code and the coordinator's fingerprint. */
  async invite(site: string): Promise<string> {
    const { invite } = await this.#call<{ invite: string }>("POST", "/invites", { site });
    return invite;
  }

  approve(site: string): Promise<unknown> {
    return this.#call("POST", `/sites/${site}/approve`);
  }

  /** As the study lead does it, with a key of their own. @returns the roster's words */
  async signRoster(leadKey: string): Promise<string> {
    const asked = ["roster", "sign", "--lead-key", leadKey, "--url", this.url, "--home", this.home, "--json"];
    return (JSON.parse(await this.processes.run("coordinator", asked)) as { words: string }).words;
  }

  createStudy(spec: Partial<StudySpec>): Promise<unknown> {
    return this.#call("POST", "/studies", spec);
  }

  startStudy(name: string): Promise<unknown> {
    return this.#call("POST", `/studies/${name}/start`);
  }

  study(name: string): Promise<StudyState> {
    return this.#call<StudyState>("GET", `/studies/${name}`);
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as T & { detail?: string };
    if (!response.ok)
      throw new DemoError(
        "DEMO_STUDY",
        `the coordinator refused ${method} ${path}: ${answer.detail ?? response.status}`,
      );
    return answer;
  }
}
