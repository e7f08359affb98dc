import { toBase64 } from "@fedbaps/core/common/bytes.js";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { MAX_MESSAGE_BYTES } from "@fedbaps/core/wire/events.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { createAdapter } from "@socket.io/postgres-adapter";
import type { Pool } from "pg";
import { Server } from "socket.io";
import { Decoder, Encoder } from "socket.io-parser";
import { AUTH_MILLISECONDS, MAX_STRANGERS } from "../config.js";
import type { WebServer } from "../listening.js";
import { Session, type SessionComponents } from "./session.js";

export interface GatewayComponents extends SessionComponents {
  readonly random: RandomBytes;
  /** The coordinator's Ed25519 public key, base64. */
  readonly publicKey: string;
}

/** No message of a site has more than one binary part; what claims more is not waited for. */
class OneAttachment extends Decoder {
  constructor() {
    super({ maxAttachments: 1 });
  }
}

/**
 * The WebSocket server on `server`.
 * @param pool where there are other replicas: the PostgreSQL by which they hear of each other.
 * @param admits whether one more connection is taken, of which so many are open.
 */
export function createIo(server: WebServer, pool: Pool | undefined, admits: (clients: number) => boolean): Server {
  const io: Server = new Server(server, {
    transports: ["websocket"],
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    serveClient: false,
    // Ring elements are as good as random: packing them again costs time and saves nothing.
    perMessageDeflate: false,
    parser: { Encoder, Decoder: OneAttachment },
    connectTimeout: AUTH_MILLISECONDS,
    allowRequest: (_request, decide) => {
      const admitted = admits(io.engine.clientsCount);
      decide(admitted ? null : "TOO_MANY_CONNECTIONS", admitted);
    },
    ...(pool === undefined ? {} : { adapter: createAdapter(pool, { errorHandler: () => {} }) }),
  });
  return io;
}

/** Whether so many open connections leave room for one more that has not said yet who it is. */
export function hasRoom(clients: number, connections: { readonly count: number }): boolean {
  return clients - connections.count < MAX_STRANGERS;
}

/** Accepts sites, by WebSocket only. Returns how to stop. */
export function openGateway(components: GatewayComponents, io: Server, server: WebServer): () => Promise<void> {
  io.on("connection", (socket) => {
    const nonce = toBase64(components.random(32));
    new Session(components, socket, { protocol: PROTOCOL_VERSION, coordinator: components.publicKey, nonce });
  });
  return async () => {
    io.local.disconnectSockets(true);
    server.closeAllConnections();
    await io.close();
  };
}
