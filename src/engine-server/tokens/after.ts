/** What `make` makes of a value, at once where the value is there, later where it is promised. */
export function after<T, U>(value: T | Promise<T>, make: (value: T) => U): U | Promise<U> {
  return value instanceof Promise ? value.then(make) : make(value)
}
