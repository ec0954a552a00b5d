import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adviceOnMissing, ConfigurationError } from '../errors/index.js';

/** The absolute path of a model's file. @throws ConfigurationError in the name of `owner`. */
export function modelFile(owner: string, file: string | URL): string {
  if (typeof file === 'string') return resolve(file);
  if (file instanceof URL && file.protocol === 'file:') return fileURLToPath(file);
  const got = file instanceof URL ? file.href : file;
  throw ConfigurationError.expected(owner, 'file', 'a path or a file: URL', got);
}

/** Why a file could not be loaded: what the runtime says of it, and what to do if there is none. */
export function loadFailure(file: string, reason: string): string {
  return existsSync(file) ? reason : `${reason}; ${adviceOnMissing(file)}`;
}
