import { ConfigurationError } from '../errors/index.js';

/**
 * Loads what stands on a package that the app has to install.
 *
 * @param asker the option that needs it, as the error names it
 * @throws ConfigurationError where it is not installed
 */
export async function loadInstalled<T>(
  asker: string,
  name: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'${name}'`)) throw error;
    throw new ConfigurationError(
      `serve(): ${asker} expected the package ${name} to be installed, got none (npm install ${name})`,
      { cause: error },
    );
  }
}
