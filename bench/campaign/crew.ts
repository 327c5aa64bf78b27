// Hands orders to a few processes, one at a time each, until there are none left.
import { type ChildProcess, fork } from 'node:child_process';

export type CrewOptions<Order, Answer> = {
  readonly script: URL;
  readonly processes: number;
  /** The next order; undefined: there is none left. */
  readonly next: () => Order | undefined;
  readonly take: (answer: Answer) => void;
  readonly tell: (order: Order) => string;
};

/** Resolves when all are done. Rejects when a process has ended in the middle of an order: what came of that is not known. */
export async function runCrew<Order extends object, Answer>(options: CrewOptions<Order, Answer>): Promise<void> {
  await Promise.all(Array.from({ length: options.processes }, () => work(options)));
}

function work<Order extends object, Answer>({ script, next, take, tell }: CrewOptions<Order, Answer>): Promise<void> {
  const first = next();
  if (first === undefined) return Promise.resolve();
  const child: ChildProcess = fork(script);
  return new Promise((resolve, reject) => {
    let order: Order | undefined = first;
    child.on('message', (answer) => {
      take(answer as Answer);
      order = next();
      if (order === undefined) child.disconnect();
      else child.send(order);
    });
    child.on('exit', (code, signal) => {
      if (order === undefined) resolve();
      else reject(new Error(`the process that ran ${tell(order)} has ended with ${signal ?? code}`));
    });
    child.send(first);
  });
}
