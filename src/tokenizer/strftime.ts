const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const two = (value: number): string => String(value).padStart(2, '0')

const DIRECTIVES = new Map<string, (date: Date) => string | undefined>([
  ['Y', (date) => String(date.getFullYear())],
  ['y', (date) => two(date.getFullYear() % 100)],
  ['m', (date) => two(date.getMonth() + 1)],
  ['d', (date) => two(date.getDate())],
  ['B', (date) => MONTHS[date.getMonth()]],
  ['b', (date) => MONTHS[date.getMonth()]?.slice(0, 3)],
  ['A', (date) => DAYS[date.getDay()]],
  ['a', (date) => DAYS[date.getDay()]?.slice(0, 3)],
  ['H', (date) => two(date.getHours())],
  ['I', (date) => two(date.getHours() % 12 || 12)],
  ['M', (date) => two(date.getMinutes())],
  ['S', (date) => two(date.getSeconds())],
  ['p', (date) => (date.getHours() < 12 ? 'AM' : 'PM')],
  ['%', () => '%'],
])

/** Python's `strftime` in the C locale, local time: the directives that chat templates print. Others stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replaceAll(/%(-?)([A-Za-z%])/g, (directive: string, plain: string, letter: string) => {
    const value = DIRECTIVES.get(letter)?.(date)
    if (value === undefined) return directive
    return plain === '-' ? value.replace(/^0+(?=\d)/, '') : value
  })
}
