/** How servers say that they do not know a session, or know it no more. */

/** Whether an error says so, and with it that nothing was done. */
export const isSessionLost = (status: number, text: string): boolean => {
  if (status === 404) return !/"code"\s*:\s*-32601\b/.test(text);
  // What servers made after the official examples say.
  return status === 400 && /session|not initialized/i.test(text);
};
