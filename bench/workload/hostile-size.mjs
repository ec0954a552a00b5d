/** Bytes of a hostile body: the default `bodyLimit`, or as many MiB as the command line says. */
export const LIMIT = Number(process.argv[3] ?? '10') * 2 ** 20;
