// eld ships types, but its `exports` name them after the code, where TypeScript does not look.
declare module 'eld/medium' {
  export const eld: {
    detect(text: string): {
      /** ISO 639-1, or '' */
      language: string;
      /** Each candidate's score, from 0 to 1. */
      getScores(): Record<string, number>;
    };
  };
}
