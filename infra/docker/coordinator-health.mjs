// The coordinator's health check: `node coordinator-health.mjs PORT`. Exit status 0: it answers on this machine.
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";

const TIMEOUT_MILLISECONDS = 5_000;

/** Asks over TLS or without. The certificate is not looked at: it is for another name, and nothing secret is said. */
function ask(port, secure) {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: "/healthz", timeout: TIMEOUT_MILLISECONDS };
    const request = secure ? getHttps({ ...options, rejectUnauthorized: false }) : getHttp(options);
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", reject);
  });
}

const port = Number(process.argv[2] ?? 8470);
let status;
try {
  // A port that speaks TLS refuses plain HTTP, and the other way round.
  status = await ask(port, true).catch((error) => {
    if (error.code === "ECONNREFUSED") throw error;
    return ask(port, false);
  });
} catch (error) {
  process.stdout.write(`unhealthy: ${error.code ?? error.message}\n`);
  process.exit(1);
}
process.stdout.write(status === 200 ? "healthy\n" : `unhealthy: HTTP ${status}\n`);
process.exit(status === 200 ? 0 : 1);
