import type { Label, Score } from './label-model.js';

/** The messages of label-classifier.proto, as the handlers get them: what is empty may be absent. */
export interface AddRequest {
  labels?: Partial<Label>[];
}

export interface RemoveRequest {
  names?: string[];
}

export type ResetRequest = Record<string, never>;

export interface ClassifyRequest {
  text?: string;
  topk?: number;
  threshold?: number;
}

/** `AddResponse`, `RemoveResponse` and `ResetResponse`: the names of all labels. */
export interface LabelsResponse {
  labels: string[];
}

export interface ClassifyResponse {
  labels: Score[];
}
