import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { Gauge, type Registry } from "prom-client";

const NANOSECONDS = 1e9;
const QUANTILES = [0.5, 0.99, 1];
/** How finely the delay is measured, in milliseconds: what is left of it without any load. */
const RESOLUTION = 10;

/** Memory, processor time and event-loop delay of this process. */
export class ProcessMetrics {
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  readonly #delay: Gauge<"quantile">;

  constructor(registry: Registry) {
    const registers = [registry];
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge("fedbaps_process_cpu_seconds", "Processor time that this process has used since its start", () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    gauge("fedbaps_process_resident_memory_bytes", "Memory that this process holds", () => process.memoryUsage.rss());
    gauge(
      "fedbaps_process_heap_used_bytes",
      "Memory of objects in this process, without buffers",
      () => process.memoryUsage().heapUsed,
    );
    gauge(
      "fedbaps_process_buffers_bytes",
      "Memory of buffers in this process, such as sums that are being made",
      () => process.memoryUsage().arrayBuffers,
    );
    gauge(
      "fedbaps_process_start_time_seconds",
      "When this process started, in seconds since 1970-01-01 UTC",
      () => performance.timeOrigin / 1000,
    );
    this.#delay = new Gauge({
      name: "fedbaps_process_event_loop_delay_seconds",
      help: "How late timers ran since the scrape before, by quantile; 1 is the longest stall",
      labelNames: ["quantile"],
      registers,
    });
    this.#loop.enable();
  }

  /** Reads the delays since the last time. */
  refresh(): void {
    for (const quantile of QUANTILES) {
      const nanoseconds = quantile === 1 ? this.#loop.max : this.#loop.percentile(quantile * 100);
      const seconds = this.#loop.count === 0 ? 0 : nanoseconds / NANOSECONDS - RESOLUTION / 1000;
      this.#delay.set({ quantile: String(quantile) }, Math.max(0, seconds));
    }
    this.#loop.reset();
  }

  stop(): void {
    this.#loop.disable();
  }
}
