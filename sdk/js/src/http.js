// Requests to the vendor and its answers.

import { parse, stringify } from "./exact.js";
import { Code, Fault } from "./fault.js";
import { read } from "./shape.js";

/** One request, built in a chain: `Request.get(url).query("limit", 200).credential("api")`. */
export class Request {
  constructor(method, url) {
    this.method = method;
    this.url = url;
    this.headers = [];
    this.body = undefined;
    this.slot = undefined;
    this.key = undefined;
    this.timeout = undefined;
    this.price = 1;
  }

  static get(url) {
    return new Request("GET", url);
  }

  static post(url) {
    return new Request("POST", url);
  }

  static put(url) {
    return new Request("PUT", url);
  }

  static patch(url) {
    return new Request("PATCH", url);
  }

  static delete(url) {
    return new Request("DELETE", url);
  }

  header(name, value) {
    this.headers.push([name, String(value)]);
    return this;
  }

  query(name, value) {
    this.url += `${this.url.includes("?") ? "&" : "?"}${encode(name)}=${encode(value)}`;
    return this;
  }

  json(value) {
    this.body = new TextEncoder().encode(stringify(value));
    return this.header("content-type", "application/json");
  }

  form(fields) {
    const pairs = Object.entries(fields).map(([name, value]) => `${encode(name)}=${encode(value)}`);
    this.body = new TextEncoder().encode(pairs.join("&").replaceAll("%20", "+"));
    return this.header("content-type", "application/x-www-form-urlencoded");
  }

  text(contentType, body) {
    this.body = new TextEncoder().encode(body);
    return this.header("content-type", contentType);
  }

  credential(slot) {
    this.slot = slot;
    return this;
  }

  idempotencyKey(key) {
    this.key = key;
    return this;
  }

  timeoutMs(timeoutMs) {
    this.timeout = timeoutMs;
    return this;
  }

  cost(cost) {
    this.price = cost;
    return this;
  }
}

/** RFC 3986: all but the unreserved characters. */
function encode(value) {
  const escaped = (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(String(value)).replace(/[!'()*]/g, escaped);
}

/** A whole answer, of any status. */
export class Response {
  constructor(status, body = "", headers = []) {
    this.status = status;
    this.body = typeof body === "string" ? new TextEncoder().encode(body) : body;
    this.headers = headers;
  }

  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  header(name) {
    return header(this.headers, name);
  }

  text() {
    return new TextDecoder().decode(this.body);
  }

  json(shape) {
    const unreadable = (problem) => {
      const type = this.header("content-type") ?? "no content type";
      const message = `answer ${this.status} (${type}, ${this.body.length} bytes): ${problem}`;
      return new Fault("transient", Code.UNREADABLE_ANSWER, message);
    };
    let value;
    try {
      value = parse(new TextDecoder("utf-8", { fatal: true }).decode(this.body));
    } catch (thrown) {
      throw unreadable(thrown.message);
    }
    return shape ? read(shape, value, (path, message) => unreadable(`${path}: ${message}`)) : value;
  }
}

/** The first value of a header, whatever the case of its name. */
export function header(headers, name) {
  return headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}
