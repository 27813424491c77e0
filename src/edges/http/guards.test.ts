import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowedHost, isAllowedOrigin } from './guards.ts';

test('loopback names with any port, the bound address and configured names are Hosts; nothing else is', () => {
  const allowed = ['gw.example.com', 'other.example.com:8443'];
  const table: readonly [string | undefined, string, boolean][] = [
    ['localhost', '127.0.0.1', true],
    ['LOCALHOST:1', '127.0.0.1', true],
    ['127.0.0.1:8080', '127.0.0.1', true],
    ['[::1]:8080', '::1', true],
    ['192.168.1.5:80', '192.168.1.5', true],
    ['192.168.1.5:80', '::ffff:192.168.1.5', true],
    ['[fe80::1]', 'fe80::1%eth0', true],
    ['192.168.1.5', '127.0.0.1', false],
    ['gw.example.com', '10.0.0.1', true],
    ['GW.example.com:99', '10.0.0.1', true],
    ['other.example.com:8443', '10.0.0.1', true],
    ['other.example.com', '10.0.0.1', false],
    ['evil.example.com', '127.0.0.1', false],
    ['localhost.evil.com', '127.0.0.1', false],
    ['evil.com:localhost', '127.0.0.1', false],
    ['localhost@evil.com', '127.0.0.1', false],
    ['localhost,evil.com', '127.0.0.1', false],
    ['', '127.0.0.1', false],
    [undefined, '127.0.0.1', false],
  ];
  for (const [host, local, expected] of table)
    assert.equal(isAllowedHost(host, local, allowed), expected, String(host));
});

test('our own, loopback and configured origins are let in; others, null among them, are not', () => {
  const allowed = ['https://app.example.com', 'vscode-webview://abc'];
  const table: readonly [string, boolean][] = [
    ['http://gw.example.com:8080', true],
    ['https://GW.example.com:8080', true],
    ['http://localhost:6274', true],
    ['http://127.0.0.1', true],
    ['https://[::1]:1', true],
    ['https://app.example.com', true],
    ['vscode-webview://abc', true],
    ['https://app.example.com:444', false],
    ['http://gw.example.com', false],
    ['http://evil.example.com', false],
    ['http://localhost.evil.com', false],
    ['http://localhost:80@evil.com', false],
    ['file://', false],
    ['null', false],
    ['', false],
  ];
  for (const [origin, expected] of table)
    assert.equal(isAllowedOrigin(origin, 'gw.example.com:8080', allowed), expected, origin);
});
