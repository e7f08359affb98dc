import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";

/** What the figures were taken on; figures of different machines do not compare. */
export interface Machine {
  readonly cpuModel: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly nodeVersion: string;
  readonly platform: string;
  /** Mean number of busy processes over the minute before: much above zero, and others were at work too. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpuModel: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    nodeVersion: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    loadBefore: Math.round(loadavg()[0] * 100) / 100,
  };
}
