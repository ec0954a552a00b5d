import { ConfigurationError } from '../errors/index.js';

/** Options of {@link OpenInferenceModule}. */
export interface OpenInferenceModuleOptions {
  /**
   * What `GET /v2` calls the server. Examples of Triton's clients ask for `triton`.
   *
   * @default 'nestjs-model-serving'
   */
  readonly serverName?: string;
  /**
   * Where the routes are, outside the app's global prefix and its versions.
   *
   * @default '/v2'
   */
  readonly prefix?: string;
}

const OWNER = 'OpenInferenceModule';
const PATH = /^(\/[\w.~-]+)+$/;

/** @throws {ConfigurationError} */
export function fillOpenInferenceOptions(
  options: OpenInferenceModuleOptions = {},
): Required<OpenInferenceModuleOptions> {
  ConfigurationError.refuseUnknown(OWNER, options, ['serverName', 'prefix']);
  const { serverName = 'nestjs-model-serving', prefix = '/v2' } = options;
  if (typeof serverName !== 'string' || serverName === '') {
    const expected = 'a string that is not empty';
    throw ConfigurationError.expected(OWNER, 'serverName', expected, serverName);
  }
  if (typeof prefix !== 'string' || !PATH.test(prefix)) {
    const expected = 'a path such as /v2, without a slash at its end';
    throw ConfigurationError.expected(OWNER, 'prefix', expected, prefix);
  }
  return { serverName, prefix };
}
