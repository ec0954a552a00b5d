import { register } from 'prom-client';

/** A file of tests counts from nothing, also where another one has run in its process before. */
register.clear();
