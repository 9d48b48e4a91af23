// Types of millrace.mjs.
export interface Message<Payload = unknown> {
  readonly id: string;
  readonly key: string;
  readonly payload: Payload;
  /** From 1: failures before this delivery, plus 1. */
  readonly attempt: number;
  /** An idempotency key for a call to another system; the same in every delivery. */
  readonly callId: string;
  readonly bornAt: string | null;
  readonly expiresAt: string | null;
  readonly priority: number;
}

export class Retry {
  constructor(options?: { after?: string; reason?: string; counts?: boolean });
  readonly after?: string;
  readonly reason: string;
  readonly counts: boolean;
}
export class Reject {
  constructor(reason?: string);
  readonly reason: string;
}
export class ServerError extends Error {
  readonly status: number;
  readonly detail: string;
  readonly messages: ReadonlyArray<{ code?: string; detail?: string }>;
}

/** One output, several, none (null, undefined), or no outcome yet. */
export type Outcome = unknown | unknown[] | null | undefined | Retry | Reject;

interface Options {
  lease?: string;
  wait?: string;
  concurrency?: number;
}

export class Worker {
  constructor(url: string, options?: { name?: string; token?: string; log?: (line: string) => void });
  stage<P>(
    name: string,
    options: Options & { batch: number },
    handler: (messages: Message<P>[]) => Outcome[] | Promise<Outcome[]>,
  ): this;
  stage<P, S>(
    name: string,
    options: Options & { state: true },
    handler: (message: Message<P>, state: S | null) => [Outcome, S | null] | Promise<[Outcome, S | null]>,
  ): this;
  stage<P>(name: string, options: Options, handler: (message: Message<P>) => Outcome | Promise<Outcome>): this;
  run(): Promise<void>;
  stop(): void;
}

export function publish(
  url: string,
  queue: string,
  messages: Iterable<unknown> | AsyncIterable<unknown>,
  options?: {
    key?: (message: unknown) => string;
    once?: boolean;
    token?: string;
    log?: (line: string) => void;
  },
): Promise<number>;
