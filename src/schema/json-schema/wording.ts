/** Which values a schema describes. */
export interface Wording {
  /** Any that the codec takes, or the canonical ones that it gives. */
  readonly direction: 'input' | 'output';
  /** Whose they are: what clients may not send, such as `__proto__`, a handler may return. */
  readonly side: 'request' | 'response';
}
