/** Where secrets are asked for may be reached by https, or by http where nobody else listens. */

import type { Path, Report } from './report.ts';

/** Loopback, and the link-local addresses at which clouds tell a machine its credentials. */
const LOCAL_HOSTS: ReadonlySet<string> = new Set([
  ...['localhost', '127.0.0.1', '[::1]'],
  ...['169.254.169.254', '169.254.170.2', '169.254.170.23', '[fd00:ec2::23]', 'metadata.google.internal'],
]);

/** Without a slash at the end. What is wrong with it is reported. */
export function checkAddress(report: Report, path: Path, text: string, allowHttp: boolean): string {
  const url = URL.parse(text);
  const isHttp = url?.protocol === 'http:';
  if (url === null || (!isHttp && url.protocol !== 'https:'))
    report.problem(path, 'is no https URL', 'write e.g. "https://vault.example.com:8200"');
  else if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    report.problem(path, 'holds more than scheme, host and path', 'credentials have fields of their own');
  else if (isHttp && !allowHttp && !LOCAL_HOSTS.has(url.hostname) && !/^127\.\d+\.\d+\.\d+$/.test(url.hostname))
    report.problem(
      path,
      'would send secrets over the network in clear',
      'write https, or "allowHttp": true if the network is yours alone',
    );
  return text.replace(/\/+$/, '');
}
