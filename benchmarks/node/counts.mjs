// What this process counted, by the names that the benchmarks look for, and where it is told.
export const COUNTS = "/counts";
export const counts = {};

export function count(name) {
  counts[name] = (counts[name] ?? 0) + 1;
}
