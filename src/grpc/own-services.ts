import type { Root } from 'protobufjs';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { fileDescriptorsOf } from '../schema/descriptor/file-descriptors.js';
import { NamedFiles } from '../schema/descriptor/named-files.js';
import type { FilledGrpcOptions } from './grpc-options.js';
import { HealthService } from './health.js';
import type { ServedMethod } from './methods.js';
import type { OwnService } from './own-service.js';
import { ReflectionService } from './reflection.js';

/**
 * The services beside the endpoints'.
 *
 * @param more those of other rooms
 */
export function ownServices(
  { health, reflection }: Pick<FilledGrpcOptions, 'health' | 'reflection'>,
  methods: readonly ServedMethod[],
  readiness: Readiness,
  more: readonly OwnService[],
): OwnService[] {
  const endpoints = new Map<string, Endpoint[]>();
  for (const { service, endpoint } of methods) {
    endpoints.set(service, [...(endpoints.get(service) ?? []), endpoint]);
  }
  const services: OwnService[] = [...more];
  if (health) {
    const others = more.flatMap(({ names, endpoints: own = [] }) =>
      names.map((name) => [name, own] as const),
    );
    services.push(new HealthService(readiness, new Map([...endpoints, ...others])));
  }
  if (!reflection) return services;
  const roots = new Set<Root>([
    ...methods.map(({ endpoint }) => endpoint.schema!.method!.root),
    ...services.flatMap(({ protos }) => protos.map(({ root }) => root)),
  ]);
  const names = [...endpoints.keys(), ...services.flatMap((service) => service.names)];
  const named = new NamedFiles();
  const files = [...roots].flatMap((root) => fileDescriptorsOf(root, named));
  return [...services, new ReflectionService(names, files)];
}
