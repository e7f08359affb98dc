import type { Request, Response } from "express";
import { SESSION_MILLISECONDS } from "../store/session-repository.js";

/**
 * Over HTTPS the cookie carries the prefix by which browsers make sure that no other host or plain page has set it. On
 * plain HTTP, which is this machine's own, browsers would refuse that one.
 */
function nameOf(request: Request): string {
  return request.secure ? "__Host-fedbaps" : "fedbaps";
}

/** The session's secret that a browser sends. */
export function sessionCookie(request: Request): string | undefined {
  const name = nameOf(request);
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name && value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value)) return value;
  }
  return undefined;
}

export function setSessionCookie(request: Request, response: Response, secret: string): void {
  response.cookie(nameOf(request), secret, { ...attributesOf(request), maxAge: SESSION_MILLISECONDS });
}

export function clearSessionCookie(request: Request, response: Response): void {
  response.clearCookie(nameOf(request), attributesOf(request));
}

function attributesOf(request: Request) {
  return { httpOnly: true, sameSite: "strict", secure: request.secure, path: "/" } as const;
}
