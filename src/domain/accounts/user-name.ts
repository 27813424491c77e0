/** Names of users: the same person whatever the case they type. */

/** What is unique, and compared. */
export function foldUserName(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}
