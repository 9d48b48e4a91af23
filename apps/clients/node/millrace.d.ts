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
  readonly headers: Readonly<Record<string, string>>;
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
/** An output for one of several queues, or under a key of its own, where its queue takes none from it; or with
 * headers, its own or those of the message (`inheritHeaders`). */
export class Output {
  constructor(
    payload: unknown,
    options?: { queue?: string; key?: string; headers?: Record<string, string>; inheritHeaders?: boolean },
  );
  readonly payload: unknown;
  readonly queue?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly inheritHeaders?: boolean;
}
export class ServerError extends Error {
  readonly status: number;
  readonly detail: string;
  readonly messages: ReadonlyArray<{ code?: string; detail?: string }>;
}

/** One output (plain, or an Output), several, none (null, undefined), or no outcome yet. */
export type Outcome = unknown | unknown[] | null | undefined | Retry | Reject;

interface Options {
  lease?: string;
  wait?: string;
  concurrency?: number;
}

interface Register {
  <P>(
    name: string,
    options: Options & { batch: number },
    handler: (messages: Message<P>[]) => Outcome[] | Promise<Outcome[]>,
  ): Worker;
  <P, S>(
    name: string,
    options: Options & { state: true },
    handler: (message: Message<P>, state: S | null) => [Outcome, S | null] | Promise<[Outcome, S | null]>,
  ): Worker;
  <P>(
    name: string,
    options: Options,
    handler: (message: Message<P>) => Outcome | Promise<Outcome>,
  ): Worker;
}

export class Worker {
  constructor(
    url: string,
    options?: {
      name?: string;
      token?: string;
      session?: boolean;
      allNodes?: boolean;
      log?: (line: string) => void;
    },
  );
  /** For an external stage, by its name "PIPELINE/STAGE". */
  stage: Register;
  /** For a queue that no stage reads, and that has `leases = true` in the configuration. */
  queue: Register;
  run(): Promise<void>;
  stop(): void;
}

export function publish(
  url: string,
  queue: string,
  messages: Iterable<unknown> | AsyncIterable<unknown>,
  options?: {
    key?: (message: unknown) => string;
    headers?: (message: unknown) => Record<string, string>;
    once?: boolean;
    token?: string;
    log?: (line: string) => void;
  },
): Promise<number>;

export function defineQueue(
  url: string,
  name: string,
  options?: {
    type?: 'json' | 'bytes';
    key?: string;
    lease?: string;
    attempts?: number;
    retry_first?: string;
    retry_max?: string;
    token?: string;
  },
): Promise<{ name: string; nodes: string[]; missing_nodes?: { node: string; reason: string }[] }>;
