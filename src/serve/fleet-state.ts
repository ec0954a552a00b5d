/** How many workers there are, and whether they serve, all in all. */
export interface FleetState {
  /** Whether, since all of them first were, at least half of the workers have been ready. */
  readonly ready: boolean;
  /** Workers that are ready. */
  readonly readyWorkers: number;
  /** Workers that there should be. */
  readonly workers: number;
}
