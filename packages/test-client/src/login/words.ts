/** What the page says, from what it knows. */
import { isRecord } from '../json';
import type { Answer } from './api';

/** What stands behind `#` in a link, if it is one. */
export function tokenOf(hash: string): string | undefined {
  return /^#(?:first|invite|reset)=([\w-]{20,100})$/.exec(hash)?.[1];
}

/** Why the browser did not send the cookie back that it was just given. */
export function whyNoCookie(protocol: string): string {
  const start = 'You are signed in, but this browser did not keep the cookie.';
  if (protocol === 'http:') {
    return `${start} This page came over http. Where WAYPOST_PUBLIC_URL begins with https, the cookie is for https only: open the page at that address.`;
  }
  return `${start} Open the page at the address in WAYPOST_PUBLIC_URL, which has to begin with https where the page does, and let this site keep cookies.`;
}

/** Whether `/api/me` says that nobody is signed in here: without a credential, or by a program's. */
export function isNobody(answer: Answer): boolean {
  if (answer.kind === 'refused') return answer.code === 'unauthenticated';
  return answer.kind === 'ok' && !isRecord(answer.body['account']);
}

export function problemOf(answer: Answer): string {
  switch (answer.kind) {
    case 'ok':
      return '';
    case 'refused':
      return answer.text;
    case 'unanswered':
      return 'The server does not answer. Try again.';
  }
}
