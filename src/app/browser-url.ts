/** Where a browser reaches what listens. */

/** A browser on this machine gets there also where we listen on every address. */
export function browserUrl(address: { readonly host: string; readonly port: number; readonly url: string }): string {
  const isEverywhere = address.host === '0.0.0.0' || address.host === '::';
  return isEverywhere ? `http://127.0.0.1:${address.port}` : address.url;
}
