// Why something failed, in terms of what the host can decide.

/** Codes with a meaning to the host or to `Outcome.afterFault`. */
export const Code = Object.freeze({
  /** The policy refused the request; nothing was sent. */
  DENIED: "DENIED",
  /** The vendor cannot have seen the request. */
  NOT_SENT: "NOT_SENT",
  /** A look-up asked the vendor, and what was to be written is not there. */
  ABSENT: "ABSENT",
  /** The request may have been carried out. */
  UNKNOWN_OUTCOME: "UNKNOWN_OUTCOME",
  /** An answer came but is not what was announced (cut off, or a gateway's HTML page). */
  UNREADABLE_ANSWER: "UNREADABLE_ANSWER",
});

/** A failure that can be decided on. Thrown. */
export class Fault extends Error {
  constructor(kind, code, message) {
    super(message);
    this.name = "Fault";
    this.kind = kind;
    this.code = code;
    this.field = undefined;
    this.retryAfterMs = undefined;
  }

  at(field) {
    this.field = field;
    return this;
  }

  afterMs(waitMs) {
    this.retryAfterMs = waitMs;
    return this;
  }

  static invalid(field, message) {
    return new Fault("invalid-data", "INVALID_DATA", message).at(field);
  }

  static unsupported(object) {
    return new Fault("unsupported", "UNSUPPORTED_OBJECT", `this connector does not handle '${object}'`);
  }

  static unknownOutcome(message) {
    return new Fault("transient", Code.UNKNOWN_OUTCOME, message);
  }

  static missingReference(field, object) {
    const message = `the ${object} has no id in this system yet; write or match the ${object} first`;
    return new Fault("not-found", "MISSING_REFERENCE", message).at(field);
  }

  /** Anything that was thrown, as a fault: what is none is a bug in the connector. */
  static of(thrown) {
    if (thrown instanceof Fault) return thrown;
    const where = thrown?.stack ? `\n${thrown.stack}` : "";
    return new Fault("internal", "BUG", `${thrown}${where}`.slice(0, 4000));
  }
}
