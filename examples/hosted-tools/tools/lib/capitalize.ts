/** Files in folders below are helpers, not tools. */

export const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
