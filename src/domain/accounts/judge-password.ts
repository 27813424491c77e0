/** Which passwords are refused: too short, too long, or among the first that anybody would try. */

export const MIN_PASSWORD_CHARS = 12;
/** Far beyond what people type; hashing takes time with its length. */
const MAX_PASSWORD_BYTES = 1024;

/** Often seen, of twelve characters or more. Shorter ones are refused anyway; those made by repeating are found below. */
const COMMON: ReadonlySet<string> = new Set([
  ...['administrator', 'changemechangeme', 'correcthorsebatterystaple', 'iloveyou1234', 'letmein12345', 'password1234'],
  ...[
    'password12345',
    'password123456',
    'password1234!',
    'passw0rd1234',
    'p@ssw0rd1234',
    'p@ssword1234',
    'qwerty123456',
  ],
  ...['qwertyuiop12', 'qwertyuiop123', 'qwertyuiopasdf', 'qwertyuiopasdfghjkl', 'qwertzuiop12', 'qwertzuiop123'],
  ...[
    '1q2w3e4r5t6y',
    '1qaz2wsx3edc',
    '1qaz2wsx3edc4rfv',
    'zaq12wsxcde3',
    'welcome12345',
    'welcome123456',
    'admin1234567',
  ],
  ...[
    'trustno1trustno1',
    'abc123456789',
    'a1b2c3d4e5f6',
    'azertyuiop12',
    'asdfghjkl123',
    'zxcvbnm12345',
    'superman1234',
  ],
  ...['sunshine1234', 'princess1234', 'football1234', 'monkey123456', 'dragon123456', 'master123456', 'secret123456'],
  ...['portcullis12', 'portcullis123', 'portcullis1234', 'mustchangeme', 'defaultpassword', 'adminadminadmin'],
  ...['thisisapassword', 'mypassword123', 'mypassword1234', 'newpassword123', 'temppassword1', 'testpassword1'],
]);

/** Runs of the keyboard and of counting. */
const RUNS = [
  '01234567890123456789',
  '98765432109876543210',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
];

/** The same whichever way letters with marks were typed. */
export function normalizePassword(password: string): string {
  return password.normalize('NFC');
}

/** Undefined: it may be used. Otherwise what to tell the person. `password` is normalized. */
export function judgePassword(password: string, userName: string): string | undefined {
  if ([...password].length < MIN_PASSWORD_CHARS)
    return `Choose a password of at least ${MIN_PASSWORD_CHARS} characters.`;
  if (new TextEncoder().encode(password).length > MAX_PASSWORD_BYTES) return 'Choose a shorter password.';
  const plain = password.toLowerCase().trim();
  const name = userName.toLowerCase().trim();
  if (plain === name || (name.length >= 4 && isRepeated(plain, name)))
    return 'Choose a password that is not your name.';
  if (COMMON.has(plain) || RUNS.some((run) => run.includes(plain)) || hasShortPeriod(plain))
    return 'This password is too easy to guess. Choose another one.';
  return undefined;
}

/** The name once or more, with nothing but digits and signs around. */
function isRepeated(text: string, name: string): boolean {
  return text.includes(name) && /^[^\p{L}]*$/u.test(text.replaceAll(name, ''));
}

/** One to four characters over and over: `abcabcabcabc`, `aaaaaaaaaaaa`. */
function hasShortPeriod(text: string): boolean {
  const characters = [...text];
  return [1, 2, 3, 4].some((period) => characters.every((each, i) => each === characters[i % period]));
}
