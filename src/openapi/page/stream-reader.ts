/** The request for an operation, as Swagger UI makes one of what is filled in. */
interface Execution {
  readonly pathName: string;
  readonly method: string;
}

/** What of Swagger UI's system is used. */
interface UiSystem {
  readonly React: { createElement(type: unknown, props: object): unknown };
  readonly specActions: {
    setResponse(path: string, method: string, response: object): void;
  };
}

/**
 * A plugin of Swagger UI that shows the items of a stream as they come, which Swagger UI itself would keep
 * until the last. It shows the first hundred and then leaves the stream, since a page cannot hold them all.
 * "Clear" leaves it, too, and so does the next "Execute".
 *
 * It runs in the browser, where its text is sent to: it uses nothing but what is inside.
 */
export const streamReader = () => {
  const MOST_ITEMS = 100;
  const EVENTS = /^text\/event-stream\b/;
  const LINES = /^application\/(x-ndjson|jsonl)\b/;
  const open = new Map<string, AbortController>();

  function leave(path: string, method: string): void {
    open.get(`${method} ${path}`)?.abort();
  }

  function typeOf(response: Response): string {
    return response.headers.get('content-type') ?? '';
  }

  function isStream(response: Response): boolean {
    return EVENTS.test(typeOf(response)) || LINES.test(typeOf(response));
  }

  /** The first items of what has come, each with its end; an event is one line of data among others. */
  function firstItems(text: string, end: string): { text: string; isFull: boolean } {
    let at = 0;
    for (let items = 0; items < MOST_ITEMS; items++) {
      const next = text.indexOf(end, at);
      if (next === -1) return { text, isFull: false };
      at = next + end.length;
    }
    return { text: text.slice(0, at), isFull: true };
  }

  async function readFirst(
    response: Response,
    leaving: AbortController,
    show: (text: string) => void,
  ): Promise<string> {
    const end = EVENTS.test(typeOf(response)) ? '\n\n' : '\n';
    const decoder = new TextDecoder();
    let text = '';
    try {
      for (const reader = response.body!.getReader(); ;) {
        const { done, value } = await reader.read();
        if (done) return text;
        text += decoder.decode(value, { stream: true });
        const first = firstItems(text, end);
        if (first.isFull) {
          leaving.abort();
          return `${first.text}(The page shows the first ${MOST_ITEMS} items of a stream, and leaves it then.)`;
        }
        show(text);
      }
    } catch (error) {
      if (leaving.signal.aborted) throw error;
      return `${text}(${(error as Error).message})`;
    }
  }

  const executeRequest =
    (execute: (request: object) => unknown, { specActions }: UiSystem) =>
    (request: Execution) => {
      const { pathName, method } = request;
      leave(pathName, method);
      const leaving = new AbortController();
      open.set(`${method} ${pathName}`, leaving);

      async function userFetch(url: string, init: RequestInit): Promise<Response> {
        try {
          const response = await fetch(url, { ...init, signal: leaving.signal });
          const { status, statusText, headers } = response;
          if (!isStream(response)) {
            open.delete(`${method} ${pathName}`);
            return response;
          }
          const head = { url, ok: true, status, statusText, headers: Object.fromEntries(headers) };
          const text = await readFirst(response, leaving, (soFar) =>
            specActions.setResponse(pathName, method, { ...head, text: soFar }),
          );
          return new Response(text, { status, statusText, headers });
        } catch (error) {
          // Nobody waits for what has been left: what is shown by now is another answer, or none.
          if (leaving.signal.aborted) return new Promise(() => {});
          throw error;
        }
      }
      return execute({ ...request, userFetch });
    };

  const clearResponse =
    (clear: (path: string, method: string) => unknown) => (path: string, method: string) => {
      leave(path, method);
      return clear(path, method);
    };

  /** Lines of JSON are no JSON together. */
  const responseBody =
    (ResponseBody: unknown, { React }: UiSystem) =>
    ({ contentType, ...props }: { readonly contentType?: string }) => {
      const isLines = contentType !== undefined && LINES.test(contentType);
      return React.createElement(ResponseBody, {
        ...props,
        contentType: isLines ? 'text/plain' : contentType,
      });
    };

  return {
    wrapComponents: { responseBody },
    statePlugins: { spec: { wrapActions: { executeRequest, clearResponse } } },
  };
};
