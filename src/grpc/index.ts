export { GrpcModule } from './grpc.module.js';
export type { GrpcModuleOptions } from './grpc-options.js';
