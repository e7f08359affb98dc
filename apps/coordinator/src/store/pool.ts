import pg from "pg";

/** How long a connection may take to be made; a query waits that long for one. */
const CONNECT_MILLISECONDS = 10_000;

/** Connections to a PostgreSQL server, at most `max`. A connection that breaks is replaced; what ran on it rejects. */
export function createPool(url: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    // A server that is gone without a word is noticed.
    keepAlive: true,
    application_name: "fedbaps-coordinator",
  });
  // Without a listener a server that restarts would end this process; whoever uses the connection hears of it.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/**
 * Connections for messages between processes: one that the Socket.IO adapter keeps to listen on, and one that sends, so
 * that messages leave in their order.
 */
export function createMessagePool(url: string): pg.Pool {
  const pool = createPool(url, 2);
  pool.on("connect", (client) =>
    client.on("end", () => {
      // The adapter takes a new connection when the one it listens on breaks, and never gives the broken one back.
      try {
        (client as pg.PoolClient).release(true);
      } catch {
        // It had been given back.
      }
    }),
  );
  return pool;
}

/** PostgreSQL's and the network's codes for a database that is away and may come back. */
const AWAY = /^(08...|57P0[1-5]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/;

/** Whether an error says that the database is away, rather than that something is wrong. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && AWAY.test(code)) return true;
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered/i.test(error.message);
}
