import type { InferenceSession } from 'onnxruntime-node';

/** What is used of ONNX Runtime's session. */
export type Session = Pick<
  InferenceSession,
  'inputMetadata' | 'outputMetadata' | 'run' | 'release'
>;
