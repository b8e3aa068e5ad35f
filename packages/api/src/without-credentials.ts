/** The part of a URL that may name a user and a password. */
const userInUrl = /\/\/[^/\s@"']*@/g;

/** Copies a JSON value, leaving user names and passwords out of all URLs in its texts, as in the texts of errors. */
export function withoutCredentials<T>(value: T): T {
  if (typeof value === "string") return value.replace(userInUrl, "//***@") as T;
  if (Array.isArray(value)) return value.map(withoutCredentials) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutCredentials(item)])) as T;
}
