/**
 * Where the server of gRPC gets a service that another room adds. It asks every provider of this class
 * that the app's modules have; nobody asks where the app does not speak gRPC, so that what loads
 * @grpc/grpc-js is to be imported no sooner. Not even its types: an app that does not speak gRPC may be
 * without them.
 */
export abstract class ServiceSource {
  /** Gives an `OwnService`. */
  abstract load(): Promise<object>;
}
