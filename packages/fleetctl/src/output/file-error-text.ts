/** Says why a file cannot be read, in the words that the original's users know. */
export function fileErrorText(path: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return `open ${path}: no such file or directory`;
    case "EACCES":
      return `open ${path}: permission denied`;
    case "EISDIR":
      return `read ${path}: is a directory`;
    default:
      return `read ${path}: ${String(code ?? error)}`;
  }
}
