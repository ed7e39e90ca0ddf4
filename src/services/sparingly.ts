/** For the log: what happens again and again is worth a line now and then. */

/** True at most once in so many milliseconds. */
export const sparingly = (millis: number) => {
  let next = 0;
  return () => {
    const now = performance.now();
    if (now < next) return false;
    next = now + millis;
    return true;
  };
};
