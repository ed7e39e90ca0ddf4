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

/** How many subjects are remembered; names are the configuration's. */
const mostSubjects = 1000;

/** The same for each of several subjects: undefined while nothing is to be said, else how often that was before. */
export const sparinglyEach = (millis: number) => {
  const subjects = new Map<string, { readonly mayTell: () => boolean; untold: number }>();
  return (name: string): number | undefined => {
    const subject = subjects.get(name) ?? { mayTell: sparingly(millis), untold: 0 };
    subjects.set(name, subject);
    const [oldest] = subjects.keys();
    if (subjects.size > mostSubjects && oldest !== undefined) subjects.delete(oldest);
    if (!subject.mayTell()) {
      subject.untold += 1;
      return undefined;
    }
    const { untold } = subject;
    subject.untold = 0;
    return untold;
  };
};
