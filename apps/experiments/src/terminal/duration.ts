/** A time for people: `1:05`, `3 h 20 min`, `2 d 4 h`; `–` if it isn't known. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.round(seconds);
  const [d, h, m, s] = [
    Math.floor(whole / 86400),
    Math.floor((whole % 86400) / 3600),
    Math.floor((whole % 3600) / 60),
    whole % 60,
  ];
  const two = (value: number) => String(value).padStart(2, '0');
  if (d) return `${d} d ${h} h`;
  return h ? `${h} h ${two(m)} min` : `${m}:${two(s)}`;
}
