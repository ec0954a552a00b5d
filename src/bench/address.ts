import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');
// Which connect to this machine, too.
LOOPBACK.addAddress('0.0.0.0');
LOOPBACK.addAddress('::', 'ipv6');

/** Whether a URL names this very machine; a private network is somebody else's. */
export function isLocal({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  if (family !== 0) return LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6');
  return /^(?:.+\.)?localhost\.?$/i.test(host);
}

/** A URL as it may be shown: without the password. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = shown.password = '';
  return shown.href;
}
