/** What a person may ask for. `queue`: a change on the queue page, which is not ours. */
export const ACTION_KINDS = ['reload', 'confirm', 'retry', 'backfill', 'queue'] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** `nothing`: it was heard, and there was nothing to do. */
export type ActionOutcome = 'done' | 'nothing' | 'failed';

export interface ActionRequest {
  /** Who asks: a user name, or `local`. */
  readonly person: string;
  readonly kind: ActionKind;
  /** What it is about; absent: all. */
  readonly account?: string | undefined;
  readonly dataset?: string | undefined;
  readonly reportKey?: string | undefined;
  /** JSON-safe and small. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** The audit trail: written before anything is done, and completed after. */
export interface ActionLog {
  /** Gives the action's id. */
  begin(request: ActionRequest): Promise<string>;
  finish(actionId: string, outcome: ActionOutcome, message: string): Promise<void>;
}
