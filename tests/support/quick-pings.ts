import { afterAll, beforeAll } from "@jest/globals";
import { Server } from "socket.io";

/** Call once at the top of a test file: coordinators of this process ping so often, and wait as long for the answer. */
export function pingEvery(milliseconds: number): void {
  const { attach } = Server.prototype;
  beforeAll(() => {
    Server.prototype.attach = function (this: Server, ...given: Parameters<typeof attach>) {
      const { opts } = this as unknown as { opts: Record<string, number> };
      Object.assign(opts, { pingInterval: milliseconds, pingTimeout: milliseconds });
      return attach.apply(this, given);
    };
  });
  afterAll(() => {
    Server.prototype.attach = attach;
  });
}
