/**
 * Options of a test with an upper bound on real time: it has more tries when that bound is missed, since a busy machine may
 * be late, and when nothing else is wrong.
 */
export const MAY_BE_LATE = { retry: { count: 3, condition: /to be less than/ } }
