/** What every client of HTTP/2 says first where it knows that its server speaks it (RFC 9113, 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** How long the first bytes of a connection may take, in milliseconds: those that say its protocol. */
export const FIRST_BYTES = 10_000;

/** Whether the first bytes of a connection are those of the preface, as far as they have come. */
export function couldBePreface(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, PREFACE.length);
  return bytes.compare(PREFACE, 0, length, 0, length) === 0;
}
