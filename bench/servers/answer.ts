export interface ClassifyRequest {
  title?: string;
  body?: string;
  enrichments?: string[];
}

export interface ClassifyResponse {
  language: string;
  confidence: number;
  version: string;
}

/** Stands in for the model in every peer: constant time, so that the framework is measured. */
export function classify({ title = '', body = '' }: ClassifyRequest): ClassifyResponse {
  return {
    language: 'en',
    confidence: title.length / (title.length + body.length),
    version: '1',
  };
}
