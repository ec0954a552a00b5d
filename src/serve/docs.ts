import type { INestApplication } from '@nestjs/common';
import { appPackage } from '../cache/app-name.js';
import { ConfigurationError } from '../errors/index.js';
import { loadInstalled } from './installed.js';
import { endpointsOf } from './service.js';

/** A documentation page: where it is, and what its document says of the app itself. */
export interface DocsOptions {
  /** Where the page is, outside the global prefix and versioning: `'/docs'`. */
  readonly path: string;
  /**
   * Title, version, servers, security and the like, as `build()` of @nestjs/swagger's `DocumentBuilder`
   * gives them.
   * @default the app's name and version, from its package.json
   */
  readonly document?: object;
}

/** Express's router, as far as it is looked at. */
interface ExpressLike {
  readonly router?: {
    readonly stack: readonly {
      readonly route?: { readonly path: unknown; readonly methods: Record<string, boolean> };
    }[];
  };
}

/**
 * Puts the page into an app that is set up, and makes the app's own routes.
 *
 * @throws ConfigurationError where a package is missing, or something else of the app has the page's path
 */
export async function initWithDocs(app: INestApplication, docs: DocsOptions): Promise<void> {
  const adapter = app.getHttpAdapter();
  if (adapter.getType() === 'fastify') {
    // @nestjs/swagger would end the process.
    const asker = 'option "docs" on Fastify';
    await loadInstalled(asker, '@fastify/static', () => import('@fastify/static'));
  }
  const { beginDocument, openDocumentationPage } = await loadInstalled(
    'option "docs"',
    '@nestjs/swagger',
    () => import('../openapi/page/documentation-page.js'),
  );
  openDocumentationPage(app, docs.path, docs.document ?? beginDocument(appPackage()));
  // Fastify refuses a second route itself.
  await app.init();
  refuseNeighbours(app, docs.path);
}

function refuseNeighbours(app: INestApplication, path: string): void {
  const { router } = app.getHttpAdapter().getInstance() as ExpressLike;
  const pages = router?.stack.filter(
    ({ route }) => route?.path === path && route.methods['get'] === true,
  );
  const endpoint = endpointsOf(app).find(({ route }) => `${route}/`.startsWith(`${path}/`));
  const neighbour = endpoint?.route ?? (pages !== undefined && pages.length > 1 ? path : undefined);
  if (neighbour === undefined) return;
  throw new ConfigurationError(
    `serve(): option "docs" expected a path of its own, got "${path}", but the app has ${neighbour}`,
  );
}
