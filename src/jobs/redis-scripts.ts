import type { Cluster, Redis } from 'ioredis';
import { NEWEST } from './average.js';
import type { JobEnd } from './job.js';

/** Where BullMQ and the library have what belongs to an endpoint. */
export interface QueuePlace {
  readonly queue: string;
  /** What BullMQ puts before its keys. In braces: in a cluster all of them are in one slot. */
  readonly prefix: string;
  /** What the library puts before its own. */
  readonly base: string;
}

/*
 * What changes a job does so in one script, so that two processes cannot both do it. KEYS[1] is where the
 * jobs of an endpoint are; all keys that are made of it are in one slot of a cluster. Time is Redis's own: it
 * is the same for all, whatever the clocks of their machines say.
 */
const HEAD = `
  local function key(name) return KEYS[1] .. ':' .. name end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local function measured(name, value)
    local known = tonumber(redis.call('HGET', key('pace'), name) or value)
    redis.call('HSET', key('pace'), name, known + (value - known) * ${NEWEST})
  end
  -- Redis's own clock may be set, too.
  local function since(moment) return math.max(0, now - moment) end
  local function moveTo(id, state, score)
    for _, other in ipairs({'queued', 'running', 'succeeded', 'failed', 'cancelled'}) do
      if other == state then redis.call('ZADD', key(other), score, id)
      else redis.call('ZREM', key(other), id) end
    end
  end
  local function finish(id, state, ttl)
    local job = key('job:' .. id)
    redis.call('HSET', job, 'state', state, 'finished', now)
    redis.call('HDEL', job, 'request', 'body', 'token')
    redis.call('PEXPIRE', job, ttl)
    local idempotency = redis.call('HGET', job, 'key')
    if idempotency then redis.call('PEXPIRE', key('key:' .. idempotency), ttl) end
    moveTo(id, state, now)
    -- Where no metrics are asked for nobody counts them, and forgets those that are gone.
    redis.call('ZREMRANGEBYSCORE', key(state), '-inf', now - ttl)
  end
`;

const SCRIPTS = {
  /** id, scope, requestId, request, body, key, digest, timeout, ttl, maxWaiting */
  submitJob: `
    local id, idempotency, digest = ARGV[1], ARGV[6], ARGV[7]
    local timeout, ttl = tonumber(ARGV[8]), tonumber(ARGV[9])
    if idempotency ~= '' then
      local known = redis.call('HMGET', key('key:' .. idempotency), 'id', 'digest')
      if known[1] and redis.call('EXISTS', key('job:' .. known[1])) == 1 then
        if known[2] ~= digest then return {'other'} end
        return {'known', known[1]}
      end
    end
    local waiting = redis.call('ZCOUNT', key('queued'), now - timeout, '+inf')
    if waiting >= tonumber(ARGV[10]) then return {'full'} end
    local job = key('job:' .. id)
    redis.call('HSET', job, 'state', 'queued', 'created', now, 'attempts', 0, 'failures', 0, 'stalls', 0,
      'scope', ARGV[2], 'requestId', ARGV[3], 'request', ARGV[4], 'body', ARGV[5])
    redis.call('PEXPIRE', job, timeout + ttl)
    if idempotency ~= '' then
      redis.call('HSET', job, 'key', idempotency)
      redis.call('HSET', key('key:' .. idempotency), 'id', id, 'digest', digest)
      redis.call('PEXPIRE', key('key:' .. idempotency), timeout + ttl)
    end
    redis.call('ZADD', key('queued'), now, id)
    return {'taken', id}
  `,
  /** id; takes back a job that could not be queued, unless a worker has begun it all the same */
  withdrawJob: `
    local id = ARGV[1]
    local job = key('job:' .. id)
    local found = redis.call('HMGET', job, 'started', 'key')
    if found[1] then return 'begun' end
    if found[2] then redis.call('DEL', key('key:' .. found[2])) end
    redis.call('DEL', job)
    moveTo(id, '', 0)
    redis.call('PUBLISH', KEYS[1] .. ':news', 'ended ' .. id)
    return 'withdrawn'
  `,
  /** id */
  findJob: `
    local job = redis.call('HMGET', key('job:' .. ARGV[1]), 'state', 'scope', 'requestId', 'created', 'started',
      'finished', 'attempts', 'progress', 'failure', 'due')
    job[11] = now
    return job
  `,
  /** id, token, timeout */
  startJob: `
    local id, token, timeout = ARGV[1], ARGV[2], tonumber(ARGV[3])
    local job = key('job:' .. id)
    local found = redis.call('HMGET', job, 'state', 'created', 'request', 'body', 'failures', 'due', 'token')
    local state = found[1]
    if state ~= 'queued' and state ~= 'running' then return {'over'} end
    -- A worker whose connection broke before the answer has sent the same again.
    local runs = found[7] == token and 0 or 1
    -- Whoever ran it before has not been heard of for longer than a lock lasts.
    local stalls = redis.call('HINCRBY', job, 'stalls', state == 'running' and runs or 0)
    local attempt = redis.call('HINCRBY', job, 'attempts', runs)
    redis.call('HSET', job, 'state', 'running', 'started', now, 'token', token)
    redis.call('HDEL', job, 'progress', 'due')
    local age = since(found[2])
    if attempt == 1 and runs == 1 then measured('waiting', since(found[6] or found[2])) end
    moveTo(id, 'running', now)
    return {'started', found[3], found[4], tonumber(found[5]), stalls, timeout - age, attempt}
  `,
  /**
   * id, token, state, ttl, status, type, headers, body, failure, without a token the lock of whoever runs it;
   * its age, where it has ended by this
   */
  finishJob: `
    local id, token, state = ARGV[1], ARGV[2], ARGV[3]
    local job = key('job:' .. id)
    local found = redis.call('HMGET', job, 'state', 'token', 'started', 'created')
    if found[1] ~= 'queued' and found[1] ~= 'running' then return false end
    if token ~= '' and found[2] ~= token then return false end
    if token == '' and redis.call('EXISTS', ARGV[10]) == 1 then return false end
    if token ~= '' then measured('running', since(found[3])) end
    finish(id, state, tonumber(ARGV[4]))
    redis.call('HSET', job, 'status', ARGV[5], 'type', ARGV[6], 'headers', ARGV[7], 'result', ARGV[8])
    if state == 'failed' then redis.call('HSET', job, 'failure', ARGV[9])
    else redis.call('HSET', job, 'progress', 1) end
    redis.call('PUBLISH', KEYS[1] .. ':news', 'ended ' .. id)
    return since(found[4])
  `,
  /** id, token, whether it failed, milliseconds before it is due again */
  requeueJob: `
    local id, token = ARGV[1], ARGV[2]
    local job = key('job:' .. id)
    local found = redis.call('HMGET', job, 'state', 'token')
    if found[1] ~= 'running' or found[2] ~= token then return 'lost' end
    local due = now + ARGV[4]
    if ARGV[3] == '1' then redis.call('HINCRBY', job, 'failures', 1)
    else redis.call('HINCRBY', job, 'attempts', -1) end
    redis.call('HSET', job, 'state', 'queued', 'due', due)
    redis.call('HDEL', job, 'token')
    -- It waits from now on: what it did before was run.
    moveTo(id, 'queued', due)
    return 'queued'
  `,
  /** id, token, fraction */
  noteProgress: `
    local job = key('job:' .. ARGV[1])
    if redis.call('HGET', job, 'token') ~= ARGV[2] then return 'lost' end
    redis.call('HSET', job, 'progress', ARGV[3])
    return 'noted'
  `,
  /** id, token */
  holdsJob: `
    return redis.call('HGET', key('job:' .. ARGV[1]), 'token') == ARGV[2] and 1 or 0
  `,
  /** id, ttl; the state it was in, and its age where it has ended by this */
  removeJob: `
    local id = ARGV[1]
    local job = key('job:' .. id)
    local found = redis.call('HMGET', job, 'state', 'created')
    local state = found[1]
    if not state then return {} end
    if state == 'queued' or state == 'running' then
      finish(id, 'cancelled', tonumber(ARGV[2]))
      redis.call('PUBLISH', KEYS[1] .. ':news', 'ended ' .. id)
      return {state, since(found[2])}
    end
    local idempotency = redis.call('HGET', job, 'key')
    if idempotency then redis.call('DEL', key('key:' .. idempotency)) end
    redis.call('DEL', job)
    moveTo(id, '', 0)
    return {state}
  `,
  /** timeout, ttl */
  countJobs: `
    local timeout, ttl = tonumber(ARGV[1]), tonumber(ARGV[2])
    for _, state in ipairs({'succeeded', 'failed', 'cancelled'}) do
      redis.call('ZREMRANGEBYSCORE', key(state), '-inf', now - ttl)
    end
    for _, state in ipairs({'queued', 'running'}) do
      redis.call('ZREMRANGEBYSCORE', key(state), '-inf', now - timeout - ttl)
    end
    local oldest = redis.call('ZRANGE', key('queued'), 0, 0, 'WITHSCORES')
    return {
      redis.call('ZCARD', key('queued')),
      redis.call('ZCARD', key('running')),
      redis.call('ZCARD', key('succeeded')),
      redis.call('ZCARD', key('failed')),
      redis.call('ZCARD', key('cancelled')),
      oldest[2] and since(oldest[2]) or 0,
    }
  `,
  /** where BullMQ has its jobs, how long they must have waited; what is queued here but not there */
  findUnqueued: `
    local found = {}
    local ids = redis.call('ZRANGEBYSCORE', key('queued'), '-inf', now, 'LIMIT', 0, 1000)
    for _, id in ipairs(ids) do
      if redis.call('EXISTS', ARGV[1] .. ':' .. id) == 0 then
        local job = redis.call('HMGET', key('job:' .. id), 'state', 'due', 'created')
        if not job[1] then redis.call('ZREM', key('queued'), id)
        elseif tonumber(job[2] or job[3] + ARGV[2]) <= now then table.insert(found, id) end
      end
    end
    return found
  `,
} as const;

type Name = keyof typeof SCRIPTS;
export type ScriptArgument = string | number | Buffer;
type Scripted = Record<string, (...args: ScriptArgument[]) => Promise<unknown>>;

/** Makes the scripts commands of a client. */
export function defineScripts(client: Redis | Cluster): void {
  for (const [name, lua] of Object.entries(SCRIPTS)) {
    client.defineCommand(name, { numberOfKeys: 1, lua: HEAD + lua });
  }
}

/** Runs a script on the jobs that are at `base`. */
export function runScript(
  client: Redis | Cluster,
  name: Name,
  base: string,
  ...args: ScriptArgument[]
): Promise<unknown> {
  return (client as unknown as Scripted)[name]!(base, ...args);
}

/** The same; texts of the answer are bytes. */
export function runForBytes(
  client: Redis | Cluster,
  name: Name,
  base: string,
  ...args: ScriptArgument[]
): Promise<unknown> {
  return (client as unknown as Scripted)[`${name}Buffer`]!(base, ...args);
}

/** The arguments of `finishJob`. @param token of its run; empty where nobody runs it */
export function finishArguments(
  id: string,
  token: string,
  end: JobEnd,
  ttl: number,
): ScriptArgument[] {
  const { status, type, headers, body } = end.result;
  const failure = end.state === 'failed' ? JSON.stringify(end.failure) : '';
  return [id, token, end.state, ttl, status, type, JSON.stringify(headers), body, failure];
}
