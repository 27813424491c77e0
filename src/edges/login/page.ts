/** The frame of every page for people, and the headers that keep it to itself. */

import type { AnswerHeaders, Exchange } from '../http/exchange.ts';
import { type Html, html } from './html.ts';

/** No script, nothing from elsewhere, in nobody's frame. */
const PAGE_HEADERS: AnswerHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  // Not `no-referrer`: browsers then send `Origin: null` with our own forms, and could not be told from others.
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const ICON =
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#1d5c96" stroke-width="2" stroke-linecap="round"><path d="M4 21V10a8 8 0 0 1 16 0v11M9 4v17M15 4v17M4 11h16M4 16h16"/></svg>',
  );

const GATE = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><path d="M4 21V10a8 8 0 0 1 16 0v11M9 4v17M15 4v17M4 11h16M4 16h16"/></svg>`;

/** What stands above the rest of a page. */
export type Note = { readonly type: 'good' | 'bad'; readonly text: string } | undefined;

export function renderNote(note: Note): Html {
  if (note === undefined) return html``;
  return html`<p class="note ${note.type}" role="${note.type === 'bad' ? 'alert' : 'status'}">${note.text}</p>`;
}

export interface Page {
  readonly status: number;
  readonly title: string;
  readonly body: Html;
  readonly isWide?: boolean;
  /** Value of a Set-Cookie header. */
  readonly cookie?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The browser goes there by itself. */
  readonly onwardUrl?: string;
}

export function sendPage(exchange: Exchange, page: Page): void {
  const whole = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${page.onwardUrl !== undefined && html`<meta http-equiv="refresh" content="0; url=${page.onwardUrl}">`}
<title>${page.title} – Portcullis</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="/login/style.css">
</head>
<body>
<main${page.isWide === true ? html` class="wide"` : undefined}>
<div class="brand">${GATE}<span>Portcullis</span></div>
${page.body}
</main>
</body>
</html>
`;
  exchange.sendText(page.status, 'text/html; charset=utf-8', whole.html, {
    ...PAGE_HEADERS,
    ...(page.cookie !== undefined && { 'Set-Cookie': page.cookie }),
    ...(page.retryAfterMs !== undefined && { 'Retry-After': String(Math.ceil(page.retryAfterMs / 1000)) }),
  });
}

/** A page that says one thing. */
export function sendMessage(exchange: Exchange, status: number, title: string, text: string, more?: Html): void {
  const body = html`<div class="card"><h1>${title}</h1><p>${text}</p>${more}</div>`;
  sendPage(exchange, { status, title, body });
}

/** To another page, by GET. */
export function sendSeeOther(exchange: Exchange, location: string, cookie?: string): void {
  exchange.sendEmpty(303, {
    ...PAGE_HEADERS,
    Location: location,
    ...(cookie !== undefined && { 'Set-Cookie': cookie }),
  });
}

/** `In 40 seconds`, `in 5 minutes`: as people say it, never too short. */
export function renderWait(waitMs: number): string {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  if (seconds < 90) return `in ${seconds} second${seconds === 1 ? '' : 's'}`;
  return `in ${Math.ceil(seconds / 60)} minutes`;
}
