// SPDX-License-Identifier: Apache-2.0
// What the page shows of text and numbers. Names, keys and details come from guests and callers: nothing in them may
// hide, change the direction of writing or fill the page.

// Controls, marks of direction, what has no width, tags, and halves of a pair.
const unseen = new RegExp(
  '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f' +
  '\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\u{e0000}-\\u{e0fff}\\p{Cs}]', 'gu');

const escaped = (character) => `\\u{${character.codePointAt(0).toString(16)}}`;

// Text of strangers on one line, of at most `limit` characters.
export function plain(text, limit = 160) {
  const whole = String(text ?? '');
  const short = whole.length > limit ? `${whole.slice(0, limit)}…` : whole;
  return short.replace(unseen, escaped);
}

const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const nothing = '–';

export function count(number) {
  return Number.isFinite(number) ? counts.format(number) : nothing;
}

// A number and its unit stay on one line.
const with_unit = (number, unit) => `${number}\u00a0${unit}`;

// How long something took: 3 significant digits in the unit that suits.
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return nothing;
  if (seconds === 0) return with_unit(0, 's');
  if (seconds < 1e-3) return with_unit(significant(seconds * 1e6), 'µs');
  if (seconds < 1) return with_unit(significant(seconds * 1e3), 'ms');
  if (seconds < 100) return with_unit(significant(seconds), 's');
  return age(seconds);
}

const significant = (number) => String(Number(number.toPrecision(3)));

// How long something has been so: whole seconds, the two largest units.
export function age(seconds) {
  if (!Number.isFinite(seconds)) return nothing;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return with_unit(whole, 's');
  if (whole < 3600) return `${with_unit(Math.floor(whole / 60), 'min')} ${with_unit(whole % 60, 's')}`;
  if (whole < 86400) return `${with_unit(Math.floor(whole / 3600), 'h')} ${with_unit(Math.floor(whole / 60) % 60, 'min')}`;
  return `${with_unit(Math.floor(whole / 86400), 'd')} ${with_unit(Math.floor(whole / 3600) % 24, 'h')}`;
}

export function bytes(number) {
  if (!Number.isFinite(number)) return nothing;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    ++unit;
  }
  return with_unit(unit === 0 ? number : significant(number), units[unit]);
}

const times = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const days = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });

// The time of day of a moment in seconds since 1970.
export function clock(at) {
  return Number.isFinite(at) ? times.format(at * 1000) : nothing;
}

export function moment(at) {
  return Number.isFinite(at) ? days.format(at * 1000) : nothing;
}

// The contract's words as they are read: deadline_killed becomes deadline killed.
export function words(name) {
  return plain(name).replaceAll('_', ' ');
}

// An id is told by its beginning; the whole is in the row's buttons and in the dialog.
export function short_id(id) {
  return plain(id).slice(0, 8);
}

// Writes only what changed, so that a selection in the text and a screen reader's place survive.
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
