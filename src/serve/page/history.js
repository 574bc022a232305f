// SPDX-License-Identifier: Apache-2.0
// How many calls ended how, second by second: differences of the totals, of which alone the server tells.

export const seconds_kept = 120;

// Outcomes that say the same of the guest share a colour. The first stands above the axis, the others below it.
export const groups = [
  { name: 'completed', label: 'completed', of: ['completed'] },
  { name: 'refused', label: 'refused', of: ['refused'] },
  { name: 'taken', label: 'revoked or expired', of: ['revoked', 'expired_in_queue'] },
  { name: 'failed', label: 'trapped or failed', of: ['trapped', 'host_failed'] },
  { name: 'stopped', label: 'killed', of: ['deadline_killed', 'killed'] },
  { name: 'unknown', label: 'lost', of: ['collateral', 'lost_in_crash'] },
];

export function make_history() {
  let before = null;
  const seconds = new Map();  // second since 1970 -> a number for each group

  const sums = (totals) => groups.map(({ of }) => of.reduce((sum, outcome) => sum + (totals[outcome] ?? 0), 0));

  return {
    // `goes_on`: the totals before these are those of the change before. After a break nobody knows which second a
    // difference belongs to, so it is shown in none.
    add(totals, second, goes_on) {
      const now = sums(totals);
      if (before !== null && goes_on) {
        const row = seconds.get(second) ?? groups.map(() => 0);
        now.forEach((sum, index) => { row[index] += Math.max(0, sum - before[index]); });
        seconds.set(second, row);
      }
      before = now;
      for (const old of seconds.keys()) {
        if (old <= second - seconds_kept - 5) seconds.delete(old);
      }
    },
    at: (second) => seconds.get(second),
    // What ended in the seconds that the chart shows, by group.
    total(last) {
      const all = groups.map(() => 0);
      for (const [second, row] of seconds) {
        if (second > last - seconds_kept) row.forEach((ended, index) => { all[index] += ended; });
      }
      return all;
    },
    clear() {
      before = null;
      seconds.clear();
    },
  };
}
