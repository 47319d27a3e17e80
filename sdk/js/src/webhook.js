// Inbound requests, and what to answer them.

import { header } from "./http.js";

export class Inbound {
  constructor({ method = "POST", url, headers = [], body }) {
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.body = typeof body === "string" ? new TextEncoder().encode(body) : body;
  }

  header(name) {
    return header(this.headers, name);
  }
}

export class Reply {
  constructor(status = 200, body = "") {
    this.status = status;
    this.headers = [];
    this.body = new TextEncoder().encode(body);
    this.touched = [];
    this.deliveryId = undefined;
  }

  static ok() {
    return new Reply();
  }

  touch(object, external) {
    this.touched.push({ object, external });
    return this;
  }

  delivery(id) {
    this.deliveryId = id;
    return this;
  }
}
