import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyv } from '@keyv/redis';
import { Keyv } from 'keyv';
import { KeyvFile } from 'keyv-file';
import { ConfigurationError } from 'nestjs-model-serving';

const namespace = 'language-detection';

/** The store that `CACHE` names: `file` (default) or `redis`. */
export function cacheStore(env: NodeJS.ProcessEnv): Keyv {
  const kind = env.CACHE || 'file';
  switch (kind) {
    case 'file':
      return fileStore(env.CACHE_FILE || join(tmpdir(), `${namespace}.json`));
    case 'redis':
      return redisStore(env.REDIS_URL || 'redis://127.0.0.1:6379');
    default:
      throw new ConfigurationError(
        `CACHE: expected "file" or "redis", got ${JSON.stringify(kind)}`,
      );
  }
}

/** The whole file is read at start and written anew after changes: for one process and few answers. */
function fileStore(filename: string): Keyv {
  return new Keyv({ store: new KeyvFile({ filename }), namespace });
}

/** For any number of processes. While there is no connection, commands fail at once: a miss. */
function redisStore(url: string): Keyv {
  return createKeyv({ url, disableOfflineQueue: true }, { namespace });
}
