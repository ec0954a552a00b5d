/**
 * What a handler fed to a model does not fit the model's own inputs. A client sees it as a 500, as
 * any bug of a handler; {@link OnnxModelOptions.clientInput} makes it a 400 instead.
 */
export class OnnxInputError extends Error {
  override readonly name = 'OnnxInputError';

  constructor(
    /** The name of the model's input. */
    readonly input: string,
    problem: string,
  ) {
    super(`Input "${input}": ${problem}`);
  }
}
