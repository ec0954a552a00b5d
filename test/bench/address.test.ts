import { expect, test } from 'vitest';
import { isLocal, shownUrl } from '../../src/bench/address.js';

const LOCAL =
  'localhost LOCALHOST localhost. a.localhost 127.0.0.1 127.9.9.9 0x7f.1 2130706433 [::1] [::] 0.0.0.0 [::ffff:127.0.0.1]';
const OTHER =
  'example.com localhost.example.com mylocalhost 10.0.0.1 192.168.1.1 169.254.1.1 128.0.0.1 [fe80::1] [::2] [::ffff:10.0.0.1] 127.0.0.1.nip.io';

test.each(LOCAL.split(' '))('%s is this machine', (host) => {
  expect(isLocal(new URL(`http://${host}:8000/x`))).toBe(true);
});

test.each(OTHER.split(' '))('%s is another', (host) => {
  expect(isLocal(new URL(`http://${host}:8000/x`))).toBe(false);
});

test('a password is shown to nobody', () => {
  expect(shownUrl(new URL('https://me:secret@host/x?y'))).toBe('https://host/x?y');
});
