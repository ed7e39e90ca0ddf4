/** A part of a benchmark in a process of its own, which is given one order at a time and answers each. */

/** A process that waits for orders. */
export interface ChildProcess<Order, Answer> extends AsyncDisposable {
  readonly order: (order: Order) => Promise<Answer>;
}

/** Starts a program; what it says that is no answer is left alone. */
export const startChild = <Order, Answer>(
  path: string,
  isAnswer: (message: unknown) => message is Answer,
): ChildProcess<Order, Answer> => {
  let answer = Promise.withResolvers<Answer>();
  const child = Bun.spawn([process.execPath, path], {
    stdio: ["ignore", "inherit", "inherit"],
    ipc: (message: unknown) => {
      if (isAnswer(message)) answer.resolve(message);
    },
    onExit: (_child, code) => answer.reject(new Error(`${path} ended with ${code}.`)),
  });
  return {
    order: (order) => {
      answer = Promise.withResolvers<Answer>();
      child.send(order);
      return answer.promise;
    },
    [Symbol.asyncDispose]: async () => {
      answer.promise.catch(() => {});
      child.kill("SIGKILL");
      await child.exited;
    },
  };
};
