import type { RequestHandler } from "express";
import { CoordinatorError } from "../errors.js";
import type { TokenRepository } from "../store/token-repository.js";

/** Lets a request pass that carries an admin's token. */
export function requireAdmin(tokens: TokenRepository): RequestHandler {
  return async (request, _response, next) => {
    const token = /^Bearer ([A-Za-z0-9_-]{20,200})$/.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined || (await tokens.roleOf(token)) !== "admin")
      throw new CoordinatorError("NOT_AUTHORISED", "this needs a valid admin token");
    next();
  };
}
