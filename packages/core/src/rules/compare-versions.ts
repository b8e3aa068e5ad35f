/**
 * What a machine may say of itself to be compared: `4`, `5.10`, `v1.2.3`, `6.1.0-18-amd64`. What follows the first `-`,
 * `+` or `~` is not compared.
 */
const comparable = /^[vV]?\d+(?:\.\d+)*(?:[-+~].*)?$/s;

const zero = 0x30;
const nine = 0x39;
const dot = 0x2e;

/**
 * Compares what a machine says with what a unit demands, part by part between the dots, each as a number of any length;
 * missing parts are 0. So 1.10 is more than 1.9, and 1 is 1.0.
 * @param wanted - Numbers with dots between them.
 * @returns Negative, 0 or positive; `undefined` if `actual` is nothing of the kind.
 */
export function compareVersions(actual: string, wanted: string): number | undefined {
  if (!comparable.test(actual)) return undefined;
  // Nothing is cut into pieces here: it is asked for every machine.
  let a = isDigit(actual, 0) ? 0 : 1;
  let b = 0;
  while (isDigit(actual, a) || isDigit(wanted, b)) {
    const endA = endOfDigits(actual, a);
    const endB = endOfDigits(wanted, b);
    const difference = comparePart(actual, a, endA, wanted, b, endB);
    if (difference !== 0) return difference;
    a = actual.charCodeAt(endA) === dot ? endA + 1 : actual.length;
    b = wanted.charCodeAt(endB) === dot ? endB + 1 : wanted.length;
  }
  return 0;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= zero && code <= nine;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text, end)) end += 1;
  return end;
}

function comparePart(
  a: string,
  startA: number,
  endA: number,
  b: string,
  startB: number,
  endB: number,
): number {
  let atA = startA;
  let atB = startB;
  while (atA < endA && a.charCodeAt(atA) === zero) atA += 1;
  while (atB < endB && b.charCodeAt(atB) === zero) atB += 1;
  if (endA - atA !== endB - atB) return endA - atA - (endB - atB);
  while (atA < endA) {
    const difference = a.charCodeAt(atA) - b.charCodeAt(atB);
    if (difference !== 0) return difference;
    atA += 1;
    atB += 1;
  }
  return 0;
}
