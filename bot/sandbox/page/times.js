// Moments as people on the page read them, in their own time zone.

const DAY_MS = 24 * 3600 * 1000;
const format = (options) => new Intl.DateTimeFormat("en-GB", options);
const TIME = format({ hour: "2-digit", minute: "2-digit" });
const CLOCK = format({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const DATE = format({ day: "numeric", month: "long", year: "numeric" });
const WEEKDAY = format({ weekday: "long" });

export const time = (iso) => TIME.format(new Date(iso));
export const clock = (date) => CLOCK.format(date);

/** Which calendar day `iso` falls on, as a key. */
export const day = (iso) => new Date(iso).toDateString();

/** The separator above a day's first message: Today and its neighbours, a weekday of the last week, or the date. */
export function dayName(iso, now) {
  const days = Math.round((new Date(now.toDateString()) - new Date(day(iso))) / DAY_MS);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days === -1) return "Tomorrow";
  return days > 1 && days < 7 ? WEEKDAY.format(new Date(iso)) : DATE.format(new Date(iso));
}

/** A moment within a day from `now`: its time, and whether that is tomorrow. */
export const soon = (iso, now) => (day(iso) === day(now) ? time(iso) : `${time(iso)} tomorrow`);
